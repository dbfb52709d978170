#include "gateway/packer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { OUT_BYTES = 64 * 1024, GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8, GZIP_LEVEL = 6, ZSTD_LEVEL = 3 };

struct packer {
    enum snapshot_coding coding;
    int file;
    z_stream gzip;
    bool gzip_begun;
    ZSTD_CCtx *zstd;
    uint8_t out[OUT_BYTES];
};

static enum status write_out(struct packer *packer, size_t length, struct fault *fault)
{
    for (size_t done = 0; done < length;) {
        ssize_t count = write(packer->file, packer->out + done, length - done);
        if (count < 0 && errno != EINTR)
            return fault_fatal(fault, "snapshot.write", "writing the snapshot: %s", strerror(errno));
        done += count < 0 ? 0 : (size_t)count;
    }
    return STATUS_OK;
}

static enum status write_gzip(struct packer *packer, struct bytes bytes, bool finish, struct fault *fault)
{
    enum status status = STATUS_OK;
    int result = Z_OK;

    packer->gzip.next_in = (Bytef *)bytes.data;
    packer->gzip.avail_in = (uInt)bytes.length;
    do {
        packer->gzip.next_out = packer->out;
        packer->gzip.avail_out = OUT_BYTES;
        result = deflate(&packer->gzip, finish ? Z_FINISH : Z_NO_FLUSH);
        status = write_out(packer, OUT_BYTES - packer->gzip.avail_out, fault);
    } while (status == STATUS_OK && (packer->gzip.avail_out == 0 || (finish && result == Z_OK)));
    return status;
}

static enum status write_zstd(struct packer *packer, struct bytes bytes, bool finish, struct fault *fault)
{
    ZSTD_inBuffer in = {bytes.data, bytes.length, 0};
    enum status status = STATUS_OK;
    size_t left = 0;

    do {
        ZSTD_outBuffer out = {packer->out, OUT_BYTES, 0};
        left = ZSTD_compressStream2(packer->zstd, &out, &in, finish ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return fault_fatal(fault, "snapshot.zstd", "compressing: %s", ZSTD_getErrorName(left));
        status = write_out(packer, out.pos, fault);
    } while (status == STATUS_OK && (in.pos < in.size || (finish && left > 0)));
    return status;
}

static bool begin(struct packer *packer)
{
    if (packer->coding == SNAPSHOT_GZIP) {
        packer->gzip_begun = deflateInit2(&packer->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                                          Z_DEFAULT_STRATEGY) == Z_OK;
        return packer->gzip_begun;
    }
    packer->zstd = ZSTD_createCCtx();
    return packer->zstd != NULL &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL));
}

enum status packer_open(const char *path, enum snapshot_coding coding, struct packer **packer, struct fault *fault)
{
    struct packer *made = calloc(1, sizeof *made);

    *packer = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a snapshot");
    made->coding = coding;
    made->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (made->file < 0 || !begin(made)) {
        int cause = errno;
        packer_close(made);
        return fault_fatal(fault, "snapshot.write", "%s: %s", path, strerror(cause));
    }
    *packer = made;
    return STATUS_OK;
}

enum status packer_write(struct packer *packer, struct bytes bytes, struct fault *fault)
{
    return packer->coding == SNAPSHOT_GZIP ? write_gzip(packer, bytes, false, fault)
                                           : write_zstd(packer, bytes, false, fault);
}

enum status packer_finish(struct packer *packer, struct fault *fault)
{
    const struct bytes nothing = bytes_from("", 0);
    enum status status = packer->coding == SNAPSHOT_GZIP ? write_gzip(packer, nothing, true, fault)
                                                         : write_zstd(packer, nothing, true, fault);

    if (status == STATUS_OK && fsync(packer->file) != 0)
        return fault_fatal(fault, "snapshot.write", "fsync: %s", strerror(errno));
    return status;
}

void packer_close(struct packer *packer)
{
    if (packer == NULL)
        return;
    if (packer->gzip_begun)
        (void)deflateEnd(&packer->gzip);
    (void)ZSTD_freeCCtx(packer->zstd);
    if (packer->file >= 0)
        (void)close(packer->file);
    free(packer);
}
