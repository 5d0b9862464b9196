#ifndef SLUICE_CLIBCRYPTO_SHIM_H
#define SLUICE_CLIBCRYPTO_SHIM_H

// For the SHA256_ functions: what replaces them allocates for each message.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

// HMAC-SHA-256 (RFC 2104) of many short messages under one key.
//
// The two states behind the key's blocks are kept, and each message starts from a copy of them. libcrypto's EVP_MAC does
// the same with objects that it allocates for each message, which takes twice as long as the hashing itself.
struct sluice_hmac_sha256 {
    SHA256_CTX inner;
    SHA256_CTX outer;
};

static inline int sluice_hmac_sha256_init(struct sluice_hmac_sha256 *hmac, const unsigned char *key, size_t key_length) {
    unsigned char block[SHA256_CBLOCK] = {0};
    int is_done = 1;
    if (key_length > sizeof block) {
        SHA256_CTX context;
        is_done = SHA256_Init(&context) && SHA256_Update(&context, key, key_length) && SHA256_Final(block, &context);
        OPENSSL_cleanse(&context, sizeof context);
    } else if (key_length > 0) {
        memcpy(block, key, key_length);
    }
    for (size_t index = 0; index < sizeof block; index++) block[index] ^= 0x36;
    is_done = is_done && SHA256_Init(&hmac->inner) && SHA256_Update(&hmac->inner, block, sizeof block);
    for (size_t index = 0; index < sizeof block; index++) block[index] ^= 0x36 ^ 0x5C;
    is_done = is_done && SHA256_Init(&hmac->outer) && SHA256_Update(&hmac->outer, block, sizeof block);
    OPENSSL_cleanse(block, sizeof block);
    return is_done;
}

static inline int sluice_hmac_sha256(
    const struct sluice_hmac_sha256 *hmac, const unsigned char *message, size_t length, unsigned char *code
) {
    SHA256_CTX context = hmac->inner;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (!SHA256_Update(&context, message, length) || !SHA256_Final(digest, &context)) return 0;
    context = hmac->outer;
    return SHA256_Update(&context, digest, sizeof digest) && SHA256_Final(code, &context);
}

#endif
