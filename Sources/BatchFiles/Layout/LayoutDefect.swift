/// Why a layout is refused: the key that is wrong, what is wrong with it and the mend.
package struct LayoutDefect: Error, Sendable, Hashable, CustomStringConvertible {
    /// The key of the layout file, such as `separator` or `columns`.
    package let key: String
    package let what: String
    package let mend: String

    package init(key: String, what: String, mend: String) {
        self.key = key
        self.what = what
        self.mend = mend
    }

    package var description: String { "\(key): \(what); \(mend)" }
}
