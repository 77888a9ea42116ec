// crypt_rn of libxcrypt is declared for GNU sources only.
#ifndef MAILDEDUP_CCRYPT_SHIM_H
#define MAILDEDUP_CCRYPT_SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <crypt.h>

#endif
