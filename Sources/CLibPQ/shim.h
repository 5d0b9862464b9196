#ifndef SLUICE_CLIBPQ_SHIM_H
#define SLUICE_CLIBPQ_SHIM_H

#include <libpq-fe.h>

/* Wakes a thread that waits in poll(2); the Glibc module does not offer it. */
#include <sys/eventfd.h>

#endif
