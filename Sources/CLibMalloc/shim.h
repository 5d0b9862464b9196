#ifndef SLUICE_CLIBMALLOC_SHIM_H
#define SLUICE_CLIBMALLOC_SHIM_H

// Not in the Glibc module: `mallopt`.
#include <malloc.h>

#endif
