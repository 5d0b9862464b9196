/// A setting that cannot be used, where no file has a place to show: an environment variable, a flag, a folder.
package struct ConfigurationError: Error, CustomStringConvertible, Sendable, Equatable {
    package let what: String
    package let mend: String

    package init(_ what: String, mend: String) {
        self.what = what
        self.mend = mend
    }

    package var description: String { "\(what); \(mend)" }
}
