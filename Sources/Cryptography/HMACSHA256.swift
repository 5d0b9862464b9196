/// HMAC-SHA-256 (RFC 2104) of one message; `KeyedHash` is the faster way for many under one key.
package enum HMACSHA256 {
    /// The authentication code of `message` under `key`, 32 bytes long.
    ///
    /// Compare codes with `ConstantTime.equals`, never with `==`.
    package static func authenticate(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        let hash = KeyedHash(key: key)
        return hash.authenticate(message)
    }
}
