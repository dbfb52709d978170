/* version.c: medhub version. */
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"

#include "code/code.h"
#include "kafka/client.h"

#include <jansson.h>
#include <lmdb.h>
#include <microhttpd.h>
#include <protobuf-c/protobuf-c.h>

static enum exit_code version_command(struct call *call)
{
    int major = 0, minor = 0, patch = 0;

    (void)mdb_version(&major, &minor, &patch);
    if (call->common.output == NULL)
        call->common.output = "table";
    json_t *versions = json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s}", "medhub", MEDHUB_VERSION,
                                 "librdkafka", kafka_library_version(), "protobuf-c", protobuf_c_version(),
                                 "lmdb", json_sprintf("%d.%d.%d", major, minor, patch), "jansson",
                                 JANSSON_VERSION, "libmicrohttpd", MHD_get_version(), "gs1-syntax-dictionary",
                                 code_dictionary_release, "compiler", __VERSION__);
    if (!kafka_library_is_recommended())
        say("librdkafka 版本过旧，建议运行 ops/deps", "librdkafka %s is older than recommended: run ops/deps",
            kafka_library_version());
    return output_object(call, versions) ? EXIT_OK : EXIT_FAILED;
}

const struct command command_version = {.words = "version",
                                        .arguments = "",
                                        .summary_zh = "版本与所用的库",
                                        .summary = "versions of medhub and its libraries",
                                        .uses = USES_ROWS,
                                        .run = version_command};
