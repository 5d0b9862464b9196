extension UInt8 {
    var isASCIIDigit: Bool { self >= 0x30 && self <= 0x39 }

    var isASCIICapital: Bool { self >= 0x41 && self <= 0x5A }

    /// The bit 0x20 is the difference between a capital and a small letter.
    var isASCIILetterOrDigit: Bool { isASCIIDigit || (self | 0x20 >= 0x61 && self | 0x20 <= 0x7A) }
}
