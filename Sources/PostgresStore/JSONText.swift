/// Writes JSON text for `jsonb` columns; strings are escaped on their UTF-8 bytes.
struct JSONText {
    private(set) var text = ""

    static func object(_ members: [(String, JSONValue)]) -> String {
        var json = JSONText()
        json.append(.object(members))
        return json.text
    }

    static func array(_ elements: [JSONValue]) -> String {
        var json = JSONText()
        json.append(.array(elements))
        return json.text
    }

    private mutating func append(_ value: JSONValue) {
        switch value {
        case .string(let string): append(string)
        case .integer(let integer): text += String(integer)
        case .null: text += "null"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                append(member.0)
                text += ":"
                append(member.1)
            }
            text += "}"
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                append(element)
            }
            text += "]"
        }
    }

    private mutating func append(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            // jsonb cannot hold U+0000; it is shown as the replacement character.
            case "\u{0}": text += "\u{FFFD}"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

/// A value of JSON as this store writes it: no fractions.
indirect enum JSONValue {
    case string(String)
    case integer(Int64)
    case null
    case object([(String, JSONValue)])
    case array([JSONValue])
}
