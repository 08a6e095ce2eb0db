// Calls one function of each kind of libsodium with fixed keys and messages, and prints digests of the results.
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static unsigned char message[20000], out[20000 + 1024], back[20000 + 1024];

static void print(const char *name, const unsigned char *bytes, size_t size) {
  unsigned char digest[32];
  char text[65];
  crypto_generichash(digest, sizeof digest, bytes, size, NULL, 0);
  printf("%-24s %zu %s\n", name, size, sodium_bin2hex(text, sizeof text, digest, sizeof digest));
}

static void check(const char *name, int is_right) {
  if (!is_right) printf("%s: WRONG\n", name);
}

static void signatures(void) {
  unsigned char seed[32] = {0}, public_key[32], secret_key[64], signature[64];
  unsigned char all[50 * 64];
  for (int i = 0; i < 50; ++i) {
    seed[i % 32] += (unsigned char)(i + 1);
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    crypto_sign_detached(signature, NULL, message, (unsigned long long)i * 97, secret_key);
    check("verify", crypto_sign_verify_detached(signature, message, (unsigned long long)i * 97, public_key) == 0);
    signature[i] ^= 1;
    check("forged", crypto_sign_verify_detached(signature, message, (unsigned long long)i * 97, public_key) != 0);
    memcpy(all + i * 64, signature, 64);
  }
  print("ed25519", all, sizeof all);
}

static void hashes(void) {
  unsigned char digest[64];
  for (size_t size = 0; size <= sizeof message; size = size * 3 + 1) {
    crypto_hash_sha256(digest, message, size);
    print("sha256", digest, 32);
    crypto_hash_sha512(digest, message, size);
    print("sha512", digest, 64);
    crypto_generichash(digest, 64, message, size, message, 32);
    print("blake2b", digest, 64);
    crypto_auth_hmacsha512(digest, message, size, message + 32);
    print("hmac-sha512", digest, 64);
    crypto_onetimeauth(digest, message, size, message + 64);
    print("poly1305", digest, 16);
    crypto_shorthash(digest, message, size, message + 96);
    print("siphash", digest, 8);
  }
}

static void exchange(void) {
  unsigned char scalar[32], point[32], next[32];
  memset(scalar, 7, sizeof scalar);
  crypto_scalarmult_base(point, scalar);
  for (int i = 0; i < 50; ++i) {
    check("x25519", crypto_scalarmult(next, scalar, point) == 0);
    memcpy(scalar, point, 32);
    memcpy(point, next, 32);
  }
  print("x25519", point, sizeof point);
  crypto_core_ristretto255_from_hash(point, message);
  print("ristretto255", point, sizeof point);
}

static void ciphers(void) {
  unsigned char key[32], nonce[24], mac[16], public_key[32], secret_key[32];
  unsigned long long size;
  memset(key, 9, sizeof key);
  memset(nonce, 11, sizeof nonce);
  for (size_t length = 0; length <= sizeof message; length = length * 2 + 13) {
    crypto_stream_chacha20_xor(out, message, length, nonce, key);
    print("chacha20", out, length);
    crypto_stream_xsalsa20_xor(out, message, length, nonce, key);
    print("xsalsa20", out, length);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out, &size, message, length, key, 32, NULL, nonce, key);
    print("xchacha20poly1305", out, size);
    check("decrypt",
          crypto_aead_xchacha20poly1305_ietf_decrypt(back, NULL, NULL, out, size, key, 32, nonce, key) == 0 &&
              memcmp(back, message, length) == 0);
    out[length / 2] ^= 4;
    check("damaged", crypto_aead_xchacha20poly1305_ietf_decrypt(back, NULL, NULL, out, size, key, 32, nonce, key) != 0);
    crypto_secretbox_detached(out, mac, message, length, nonce, key);
    print("secretbox", mac, sizeof mac);
  }
  crypto_box_seed_keypair(public_key, secret_key, key);
  crypto_box_easy(out, message, sizeof message, nonce, public_key, secret_key);
  print("box", out, sizeof message + crypto_box_MACBYTES);
}

static void passwords(void) {
  unsigned char key[32];
  check("argon2id",
        crypto_pwhash(key, sizeof key, "correct horse", 13, message, 2, 8 << 20, crypto_pwhash_ALG_ARGON2ID13) == 0);
  print("argon2id", key, sizeof key);
  check("scrypt",
        crypto_pwhash_scryptsalsa208sha256_ll(message, 13, message + 16, 16, 1024, 8, 1, key, sizeof key) == 0);
  print("scrypt", key, sizeof key);
}

int main(void) {
  if (sodium_init() < 0) return 1;
  for (size_t i = 0; i < sizeof message; ++i) message[i] = (unsigned char)(i * i >> 3 ^ i);
  signatures();
  hashes();
  exchange();
  ciphers();
  passwords();
  return 0;
}
