/// How texts are mended: scalar by scalar, since characters that look the same are not the same.
extension String {
    /// Each occurrence of `old` becomes `new`; what has become is not looked at again.
    func replacingScalars(of old: String, by new: String) -> String {
        let (scalars, wanted) = (Array(unicodeScalars), Array(old.unicodeScalars))
        guard !wanted.isEmpty, scalars.count >= wanted.count else { return self }
        var text = UnicodeScalarView()
        var place = 0
        while place < scalars.count {
            if place + wanted.count <= scalars.count, scalars[place..<place + wanted.count].elementsEqual(wanted) {
                text.append(contentsOf: new.unicodeScalars)
                place += wanted.count
            } else {
                text.append(scalars[place])
                place += 1
            }
        }
        return String(text)
    }

    /// Without control and invisible characters.
    ///
    /// `keepsWords`: what stood on two lines, or in two columns, is not to become one word.
    func cleaned(keepsWords: Bool) -> String {
        var text = UnicodeScalarView()
        var isBetweenWords = false
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator:
                if keepsWords, scalar.properties.isWhitespace { isBetweenWords = true }
            case .format: break
            default:
                if isBetweenWords, let last = text.last, last != " ", scalar != " " { text.append(" ") }
                isBetweenWords = false
                text.append(scalar)
            }
        }
        return String(text)
    }

    /// Without the separators that people put into numbers.
    var stripped: String {
        var text = UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .spaceSeparator, .dashPunctuation: break
            default: if scalar != ".", scalar != "/", scalar != "\u{2212}" { text.append(scalar) }
            }
        }
        return String(text)
    }

    /// Without spaces of any width before and after it.
    var trimmed: String {
        let scalars = Array(unicodeScalars)
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .spaceSeparator }
        guard let first = scalars.firstIndex(where: { !isSpace($0) }),
            let last = scalars.lastIndex(where: { !isSpace($0) })
        else { return "" }
        var text = UnicodeScalarView()
        text.append(contentsOf: scalars[first...last])
        return String(text)
    }
}
