/// The character sets that files and channels use.
///
/// The raw value is the name in a file's layout and in glibc.
package enum Charset: String, Sendable, CaseIterable {
    /// UTF-8, strict: no overlong forms, no surrogates.
    case utf8 = "UTF-8"
    /// GBK: one or two bytes a character; covers most names, not all. 0x80 is the euro sign, as in CP936.
    case gbk = "GBK"
    /// GB 18030: one, two or four bytes a character; covers all of Unicode.
    case gb18030 = "GB18030"
    /// ISO 8859-1: one byte a character.
    case latin1 = "ISO-8859-1"

    /// Whether this machine can convert from and to the charset.
    ///
    /// Minimal systems leave glibc's converters out; look at start, because making a decoder or encoder then traps.
    package var isAvailable: Bool {
        !isConverted || Converter.isAvailable(self)
    }

    /// Whether glibc's converters do the work; the others need none.
    var isConverted: Bool {
        switch self {
        case .utf8, .latin1: false
        case .gbk, .gb18030: true
        }
    }
}
