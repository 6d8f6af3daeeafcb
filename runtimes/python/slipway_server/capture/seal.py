"""
Seals messages by HPKE (RFC 9180) in its base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
Python's standard library has neither X25519 nor AES, but the OpenSSL that it brings for `hashlib` does: it is called by its public functions, which every version since 1.1.1 has.
"""

from __future__ import annotations

import ctypes
import hashlib
import hmac
import os
from typing import Any

_KEY_BYTES = 32
_TAG_BYTES = 16
# NID_X25519 of OpenSSL's obj_mac.h, and EVP_CTRL_AEAD_GET_TAG of its evp.h.
_X25519 = 1034
_GET_TAG = 0x10
_KEM = b"KEM\x00\x20"
_HPKE = b"HPKE\x00\x20\x00\x01\x00\x02"


def seal(recipient: bytes, message: bytes, about: bytes, sender: bytes | None = None) -> tuple[bytes, bytes]:
    """The sender's public key of this message alone, and the ciphertext with its tag. `about` is not secret, and belongs to the message: the `info` of HPKE. Only tests give the sender's private key. Raises OSError where OpenSSL cannot be called, or refuses."""
    lib = _openssl()
    enc, shared = _agreed(lib, sender or os.urandom(_KEY_BYTES), recipient)
    prk = _extract(_KEM, b"", b"eae_prk", shared)
    key, nonce = _keys(_expand(_KEM, prk, b"shared_secret", enc + recipient, _KEY_BYTES), about)
    return enc, _encrypted(lib, key, nonce, message)


def _keys(shared: bytes, about: bytes) -> tuple[bytes, bytes]:
    """RFC 9180 §5.1, without a key that both share before."""
    context = b"\x00" + _extract(_HPKE, b"", b"psk_id_hash", b"") + _extract(_HPKE, b"", b"info_hash", about)
    secret = _extract(_HPKE, shared, b"secret", b"")
    return _expand(_HPKE, secret, b"key", context, 32), _expand(_HPKE, secret, b"base_nonce", context, 12)


def _extract(suite: bytes, salt: bytes, label: bytes, secret: bytes) -> bytes:
    return hmac.new(salt, b"HPKE-v1" + suite + label + secret, hashlib.sha256).digest()


def _expand(suite: bytes, prk: bytes, label: bytes, about: bytes, length: int) -> bytes:
    """At most 32 bytes: one block of HKDF."""
    return hmac.new(prk, bytes((0, length)) + b"HPKE-v1" + suite + label + about + b"\x01", hashlib.sha256).digest()[:length]


_lib: Any = None


def _openssl() -> Any:
    global _lib
    if _lib is None:
        import _hashlib

        # Where Python has OpenSSL within itself, the module has no file, and Python exports none of these functions.
        lib = ctypes.CDLL(getattr(_hashlib, "__file__", None))
        try:
            for name, (result, *arguments) in _FUNCTIONS.items():
                function = getattr(lib, name)
                function.restype, function.argtypes = result, arguments
        except AttributeError as error:
            raise OSError("this Python's OpenSSL cannot be called") from error
        _lib = lib
    return _lib


_P, _I, _N, _B = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t, ctypes.c_char_p
_FUNCTIONS: dict[str, list[Any]] = {
    "EVP_PKEY_new_raw_private_key": [_P, _I, _P, _B, _N],
    "EVP_PKEY_new_raw_public_key": [_P, _I, _P, _B, _N],
    "EVP_PKEY_get_raw_public_key": [_I, _P, _P, ctypes.POINTER(_N)],
    "EVP_PKEY_free": [None, _P],
    "EVP_PKEY_CTX_new": [_P, _P, _P],
    "EVP_PKEY_CTX_free": [None, _P],
    "EVP_PKEY_derive_init": [_I, _P],
    "EVP_PKEY_derive_set_peer": [_I, _P, _P],
    "EVP_PKEY_derive": [_I, _P, _P, ctypes.POINTER(_N)],
    "EVP_aes_256_gcm": [_P],
    "EVP_CIPHER_CTX_new": [_P],
    "EVP_CIPHER_CTX_free": [None, _P],
    "EVP_CIPHER_CTX_ctrl": [_I, _P, _I, _I, _P],
    "EVP_EncryptInit_ex": [_I, _P, _P, _P, _B, _B],
    "EVP_EncryptUpdate": [_I, _P, _P, ctypes.POINTER(_I), _B, _I],
    "EVP_EncryptFinal_ex": [_I, _P, _P, ctypes.POINTER(_I)],
}


def _agreed(lib: Any, sender: bytes, recipient: bytes) -> tuple[bytes, bytes]:
    """The sender's public key, and what both sides compute."""
    own = lib.EVP_PKEY_new_raw_private_key(_X25519, None, sender, len(sender))
    peer = lib.EVP_PKEY_new_raw_public_key(_X25519, None, recipient, len(recipient))
    context = lib.EVP_PKEY_CTX_new(own, None) if own else None
    try:
        _check(own and peer and context)
        public, shared = ctypes.create_string_buffer(_KEY_BYTES), ctypes.create_string_buffer(_KEY_BYTES)
        _check(lib.EVP_PKEY_get_raw_public_key(own, public, ctypes.byref(_N(_KEY_BYTES))) == 1)
        _check(lib.EVP_PKEY_derive_init(context) == 1)
        _check(lib.EVP_PKEY_derive_set_peer(context, peer) == 1)
        _check(lib.EVP_PKEY_derive(context, shared, ctypes.byref(_N(_KEY_BYTES))) == 1)
        return public.raw, shared.raw
    finally:
        lib.EVP_PKEY_CTX_free(context)
        lib.EVP_PKEY_free(peer)
        lib.EVP_PKEY_free(own)


def _encrypted(lib: Any, key: bytes, nonce: bytes, message: bytes) -> bytes:
    context = lib.EVP_CIPHER_CTX_new()
    try:
        _check(context)
        length, sealed, tag = _I(0), ctypes.create_string_buffer(len(message) + _TAG_BYTES), ctypes.create_string_buffer(_TAG_BYTES)
        _check(lib.EVP_EncryptInit_ex(context, lib.EVP_aes_256_gcm(), None, key, nonce) == 1)
        _check(lib.EVP_EncryptUpdate(context, sealed, ctypes.byref(length), message, len(message)) == 1)
        # In this mode it writes nothing more.
        _check(length.value == len(message) and lib.EVP_EncryptFinal_ex(context, tag, ctypes.byref(length)) == 1)
        _check(lib.EVP_CIPHER_CTX_ctrl(context, _GET_TAG, _TAG_BYTES, tag) == 1)
        return sealed.raw[: len(message)] + tag.raw
    finally:
        lib.EVP_CIPHER_CTX_free(context)


def _check(is_right: Any) -> None:
    if not is_right:
        raise OSError("OpenSSL refused")
