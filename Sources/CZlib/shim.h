#ifndef MAILDEDUP_CZLIB_SHIM_H
#define MAILDEDUP_CZLIB_SHIM_H

#include <zlib.h>

#endif
