#ifndef SLUICE_CLIBZ_SHIM_H
#define SLUICE_CLIBZ_SHIM_H

#include <zlib.h>

// `inflateInit2` is a macro.
static inline int sluice_inflate_init(z_stream *stream, int windowBits) {
    return inflateInit2(stream, windowBits);
}

#endif
