import Cryptography
import PaymentCore
import PostgresClient

/// What a client sends in place of a password: scrypt of it; the database keeps the hash of that.
struct PasswordProof {
    static let saltByteCount = 16

    let salt: [UInt8]
    let cost: Scrypt.Cost
    /// Opens the login, so it is shown nowhere.
    let bytes: [UInt8]

    init(_ password: Password, salt: [UInt8], cost: Scrypt.Cost) {
        (self.salt, self.cost) = (salt, cost)
        bytes = Scrypt.derive(password: password.bytes, salt: salt, cost: cost)
    }

    /// Of a new password.
    init(new password: Password) {
        self.init(password, salt: SecureRandom.bytes(Self.saltByteCount), cost: .standard)
    }

    /// What the database keeps.
    var verifier: [UInt8] { SHA256.hash(bytes) }

    /// Salt, verifier and cost as the functions that take a new password want them.
    var parameters: [PostgresValue] {
        [
            .bytea(salt), .bytea(verifier), .int32(Int32(cost.log2BlockCount)), .int32(Int32(cost.blockSize)),
            .int32(Int32(cost.parallelism)),
        ]
    }
}
