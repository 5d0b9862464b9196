import CLibXML2

/// Finds the index of a name by the address at which libxml2 keeps its only copy.
struct NameTable {
    private var addresses: [UInt]
    private var indices: [Int16]
    private let mask: Int

    /// Puts `names` into `dictionary`, where the parser will find them again.
    init(_ names: [String], in dictionary: xmlDictPtr) {
        precondition(names.count < Int(Int16.max) && Set(names).count == names.count, "each name stands once")
        var capacity = 16
        while capacity < names.count * 4 { capacity *= 2 }
        addresses = Array(repeating: 0, count: capacity)
        indices = Array(repeating: -1, count: capacity)
        mask = capacity - 1
        for (index, name) in names.enumerated() {
            guard let address = xmlDictLookup(dictionary, name, -1) else {
                preconditionFailure("libxml2 is out of memory")
            }
            var slot = slot(of: UInt(bitPattern: address))
            while addresses[slot] != 0 { slot = (slot + 1) & mask }
            addresses[slot] = UInt(bitPattern: address)
            indices[slot] = Int16(index)
        }
    }

    /// The index of a name; -1 for one that is not in the table.
    func index(of name: XMLSymbol) -> Int16 {
        var slot = slot(of: name.address)
        while addresses[slot] != 0 {
            if addresses[slot] == name.address { return indices[slot] }
            slot = (slot + 1) & mask
        }
        return -1
    }

    private func slot(of address: UInt) -> Int {
        // Fibonacci hashing: the top bits of the product are the best mixed.
        Int(truncatingIfNeeded: (address &* 0x9E37_79B9_7F4A_7C15) >> 40) & mask
    }
}
