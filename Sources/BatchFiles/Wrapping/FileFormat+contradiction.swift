extension FileFormat {
    /// Refuses content that begins like that of another format.
    ///
    /// Only what cannot be content of this one by any accident is refused here; the reader judges the rest, record by
    /// record.
    func checkBeginning(_ content: ArraySlice<UInt8>) throws(FileDefect) {
        let look = FileSniffer.content(ofBeginning: content)
        guard contradicts(look, content) else { return }
        throw FileDefect(
            code: .formatMismatch,
            line: 0,
            byteOffset: 0,
            what: "the file is declared with the layout ‘\(name)’ and begins like \(look.words)",
            mend: "declare the layout of what the file is, or send the file of this layout"
        )
    }

    private func contradicts(_ look: ContentLook, _ content: ArraySlice<UInt8>) -> Bool {
        switch self {
        case .delimited(let layout):
            look == .nacha ? !content.prefix(94).contains(layout.separator) : Self.isNoText(look, content)
        case .fixedWidth, .nacha: Self.isNoText(look, content)
        case .iso20022:
            switch look {
            case .xml, .empty, .text, .wideText: false
            case .nacha, .delimited, .fixedWidth, .binary: true
            }
        }
    }

    private static func isNoText(_ look: ContentLook, _ content: ArraySlice<UInt8>) -> Bool {
        switch look {
        // A record may begin with a bracket, but hardly with a declaration, nor name a namespace.
        case .xml(_, let namespace):
            namespace != nil || content.drop { $0 != UInt8(ascii: "<") }.starts(with: "<?xml".utf8)
        case .binary(let name): name != nil
        case .empty, .nacha, .delimited, .fixedWidth, .text, .wideText: false
        }
    }
}
