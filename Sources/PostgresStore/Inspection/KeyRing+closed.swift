import Cryptography

extension KeyRing {
    /// A ring that opens no row: for commands that need no personal data, on a machine without the keys.
    ///
    /// Its one key has an id that no configuration may use and is forgotten with the process, so nothing may be
    /// encrypted
    /// with it: no engine is made with this ring.
    package static func closed() throws -> KeyRing {
        try KeyRing(
            currentIdentifier: 0,
            keys: [0: SecureRandom.bytes(AESGCMKey.byteCount)],
            searchKey: SecureRandom.bytes(AESGCMKey.byteCount)
        )
    }
}
