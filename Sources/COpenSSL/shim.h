// What of OpenSSL's libcrypto is used. Some of it is macros that Swift cannot see: those are functions here.
#ifndef MAILDEDUP_COPENSSL_SHIM_H
#define MAILDEDUP_COPENSSL_SHIM_H

#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/// Writes a name as RFC 2253 has it, in UTF-8.
static inline int shim_X509_NAME_print(BIO *out, const X509_NAME *name) {
  return X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

/// The octets that a memory BIO holds; they stay its own.
static inline long shim_BIO_get_mem_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

#endif
