#include "gateway/unpacker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { PIECE_BYTES = 64 * 1024, GZIP_WINDOW = 15 + 16, MAGIC_BYTES = 4 };

struct unpacking {
    FILE *file;
    struct buffer *out;
    struct fault *fault;
    const char *path;
    uint8_t in[PIECE_BYTES], piece[PIECE_BYTES];
};

static enum status is_damaged(struct unpacking *work)
{
    return fault_reject(work->fault, "file.unreadable", "%s is no whole file of gzip or zstd", work->path);
}

static enum status take_piece(struct unpacking *work, size_t length)
{
    buffer_append(work->out, work->piece, length);
    return buffer_ok(work->out) ? STATUS_OK
                                : fault_reject(work->fault, "file.too_large", "%s is too large, or memory is out", work->path);
}

/* All that IN still holds, into the output. *ENDED: the stream ends there. */
static enum status inflate_piece(struct unpacking *work, z_stream *stream, bool *ended)
{
    enum status status = STATUS_OK;

    do {
        stream->next_out = work->piece;
        stream->avail_out = PIECE_BYTES;
        int result = inflate(stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return is_damaged(work);
        *ended = result == Z_STREAM_END;
        status = take_piece(work, PIECE_BYTES - stream->avail_out);
    } while (status == STATUS_OK && !*ended && stream->avail_out == 0);
    return status;
}

static enum status unpack_gzip(struct unpacking *work)
{
    z_stream stream = {0};
    enum status status = STATUS_OK;
    bool ended = false;
    size_t length;

    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return fault_fatal(work->fault, "memory.out", "no memory to read %s", work->path);
    while (status == STATUS_OK && !ended && (length = fread(work->in, 1, sizeof work->in, work->file)) > 0) {
        stream.next_in = work->in;
        stream.avail_in = (uInt)length;
        status = inflate_piece(work, &stream, &ended);
    }
    if (status == STATUS_OK && (!ended || stream.avail_in > 0))
        status = is_damaged(work);
    (void)inflateEnd(&stream);
    return status;
}

static enum status decompress_piece(struct unpacking *work, ZSTD_DCtx *stream, ZSTD_inBuffer *in, size_t *left)
{
    enum status status = STATUS_OK;
    ZSTD_outBuffer out;

    do {
        out = (ZSTD_outBuffer){work->piece, PIECE_BYTES, 0};
        *left = ZSTD_decompressStream(stream, &out, in);
        if (ZSTD_isError(*left))
            return is_damaged(work);
        status = take_piece(work, out.pos);
    } while (status == STATUS_OK && (in->pos < in->size || (*left != 0 && out.pos == PIECE_BYTES)));
    return status;
}

static enum status unpack_zstd(struct unpacking *work)
{
    ZSTD_DCtx *stream = ZSTD_createDCtx();
    enum status status = STATUS_OK;
    size_t left = 1, length; /* left: 0 when a frame is whole */

    if (stream == NULL)
        return fault_fatal(work->fault, "memory.out", "no memory to read %s", work->path);
    while (status == STATUS_OK && (length = fread(work->in, 1, sizeof work->in, work->file)) > 0) {
        ZSTD_inBuffer in = {work->in, length, 0};
        status = decompress_piece(work, stream, &in, &left);
    }
    (void)ZSTD_freeDCtx(stream);
    return status == STATUS_OK && left != 0 ? is_damaged(work) : status;
}

enum status unpack_file(const char *path, struct buffer *out, struct fault *fault)
{
    static const uint8_t gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    struct unpacking *work = calloc(1, sizeof *work);
    uint8_t magic[MAGIC_BYTES] = {0};
    enum status status = STATUS_OK;

    if (work == NULL)
        return fault_fatal(fault, "memory.out", "no memory to read %s", path);
    *work = (struct unpacking){.file = fopen(path, "rbe"), .out = out, .fault = fault, .path = path};
    if (work->file == NULL)
        status = fault_reject(fault, "file.missing", "%s: %s", path, strerror(errno));
    else if (fread(magic, 1, sizeof magic, work->file) < sizeof magic || fseek(work->file, 0, SEEK_SET) != 0)
        status = is_damaged(work);
    else if (memcmp(magic, gzip, sizeof gzip) == 0)
        status = unpack_gzip(work);
    else
        status = memcmp(magic, zstd, sizeof zstd) == 0 ? unpack_zstd(work) : is_damaged(work);
    if (work->file != NULL)
        (void)fclose(work->file);
    free(work);
    return status;
}
