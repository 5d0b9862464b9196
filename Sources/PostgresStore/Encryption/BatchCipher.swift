import Cryptography
import PaymentCore

/// Encrypts and decrypts the personal data of one batch file under its own subkey (R15): AES-256-GCM, the subkey by
/// HKDF
/// from the data key and the file's salt.
struct BatchCipher: ~Copyable {
    /// What is encrypted; part of nonce and associated data, so that no ciphertext can stand in another's place.
    enum Field: UInt8 {
        case personal = 1
        case raw = 2
        case part = 3
        case envelope = 4
        case response = 5
        case result = 6
        /// What the columns of a quarantined record said.
        case fields = 7
        /// What they say since an amendment.
        case amended = 8
    }

    let batch: BatchIdentifier
    let keyIdentifier: Int32
    private var key: AESGCMKey
    /// Reused from value to value: there are many short ones.
    private var nonce = [UInt8](repeating: 0, count: AESGCMKey.nonceByteCount)
    private var associatedData: [UInt8]

    init(batch: BatchIdentifier, keyIdentifier: Int32, salt: [UInt8], keys: KeyRing) throws {
        self.batch = batch
        self.keyIdentifier = keyIdentifier
        let derived = HKDFSHA256.derive(
            key: try keys.key(keyIdentifier),
            salt: salt,
            info: Array("sluice/batch/\(batch)".utf8),
            length: AESGCMKey.byteCount
        )
        key = AESGCMKey(derived)
        // The field, the batch, and two numbers.
        associatedData = [0]
        for number in [UInt32(truncatingIfNeeded: batch.value >> 32), UInt32(truncatingIfNeeded: batch.value), 0, 0] {
            for shift in stride(from: 24, through: 0, by: -8) {
                associatedData.append(UInt8(truncatingIfNeeded: number >> UInt32(shift)))
            }
        }
    }

    /// Seals the one value that a line has of this field, and appends it.
    ///
    /// The nonce is made of both, so it is never used for other plaintext: a line's bytes never change.
    mutating func seal(_ plaintext: Span<UInt8>, _ field: Field, line: LineNumber, appendingTo sealed: inout [UInt8]) {
        setNonce(field, line)
        setAssociatedData(field, UInt32(bitPattern: line.value), 0)
        key.seal(plaintext: plaintext, nonce: nonce, associatedData: associatedData, appendingTo: &sealed)
    }

    mutating func open(_ sealed: [UInt8], _ field: Field, line: LineNumber) throws -> [UInt8] {
        setNonce(field, line)
        setAssociatedData(field, UInt32(bitPattern: line.value), 0)
        return try key.open(ciphertext: sealed, nonce: nonce, associatedData: associatedData)
    }

    /// An order's personal fields; nil if this one row cannot be read: it must not stop the others.
    mutating func personal(_ sealed: [UInt8], line: LineNumber) -> PersonalData? {
        (try? open(sealed, .personal, line: line)).flatMap { try? PersonalData(serialized: $0) }
    }

    /// Seals a value that may be made more than once for its place (an envelope after a rolled-back intent): the nonce
    /// is random and stands before the ciphertext.
    mutating func sealWithRandomNonce(_ plaintext: [UInt8], _ field: Field, _ first: Int32, _ second: Int32) -> [UInt8]
    {
        let nonce = SecureRandom.bytes(AESGCMKey.nonceByteCount)
        setAssociatedData(field, UInt32(bitPattern: first), UInt32(bitPattern: second))
        return nonce + key.seal(plaintext: plaintext, nonce: nonce, associatedData: associatedData)
    }

    mutating func openWithNonce(_ sealed: [UInt8], _ field: Field, _ first: Int32, _ second: Int32) throws -> [UInt8] {
        guard sealed.count >= AESGCMKey.nonceByteCount + AESGCMKey.tagByteCount else {
            throw KeyRing.Defect(description: "ciphertext of batch \(batch) is too short to be whole")
        }
        setAssociatedData(field, UInt32(bitPattern: first), UInt32(bitPattern: second))
        return try key.open(
            ciphertext: Array(sealed[AESGCMKey.nonceByteCount...]),
            nonce: Array(sealed[..<AESGCMKey.nonceByteCount]),
            associatedData: associatedData
        )
    }

    private mutating func setNonce(_ field: Field, _ line: LineNumber) {
        nonce[0] = field.rawValue
        var value = UInt32(bitPattern: line.value)
        for index in stride(from: 11, through: 8, by: -1) {
            nonce[index] = UInt8(truncatingIfNeeded: value)
            value >>= 8
        }
    }

    private mutating func setAssociatedData(_ field: Field, _ first: UInt32, _ second: UInt32) {
        associatedData[0] = field.rawValue
        for place in 0..<4 {
            let shift = UInt32(24 - 8 * place)
            associatedData[9 + place] = UInt8(truncatingIfNeeded: first >> shift)
            associatedData[13 + place] = UInt8(truncatingIfNeeded: second >> shift)
        }
    }
}

/// The personal fields of an order as they are encrypted together: each behind its length (big-endian, 2 bytes).
struct PersonalData {
    var accountNumber: String
    var accountName: String
    var purpose: String

    /// Appends one of the three fields of an order, which follow one another, in the form that is encrypted.
    static func append(_ field: Span<UInt8>, to bytes: inout [UInt8]) {
        precondition(field.count <= 65_535, "a personal field has at most 65,535 bytes")
        bytes.append(UInt8(truncatingIfNeeded: field.count >> 8))
        bytes.append(UInt8(truncatingIfNeeded: field.count))
        field.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    init(accountNumber: String, accountName: String, purpose: String) {
        self.accountNumber = accountNumber
        self.accountName = accountName
        self.purpose = purpose
    }

    init(serialized bytes: [UInt8]) throws {
        var fields: [String] = []
        var position = 0
        for _ in 0..<3 {
            guard position + 2 <= bytes.count else { throw KeyRing.Defect(description: "personal data is cut short") }
            let count = Int(bytes[position]) << 8 | Int(bytes[position + 1])
            position += 2
            guard position + count <= bytes.count else {
                throw KeyRing.Defect(description: "personal data is cut short")
            }
            fields.append(String(decoding: bytes[position..<position + count], as: UTF8.self))
            position += count
        }
        self.init(accountNumber: fields[0], accountName: fields[1], purpose: fields[2])
    }
}
