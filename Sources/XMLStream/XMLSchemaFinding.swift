import CLibXML2

/// What a schema finds wrong with a document, without any of its content.
package struct XMLSchemaFinding: Sendable, Hashable {
    /// The line, from 1, up to which the document was read.
    package let line: Int64
    /// The number that libxml2 gives to the rule.
    package let libraryCode: Int32
    /// The depth of the element that breaks the rule: 1 for the root, 0 for the document itself.
    ///
    /// A child that is not allowed, or not there, is its parent's mistake.
    package let depth: Int
    /// The names of the elements that lead to it, such as `Document/GrpHdr`; only names that the schema knows.
    package let path: String
    /// The names of the children of which the schema asks for one at the place, or that of a missing attribute, as far
    /// as that is the rule.
    package let expected: [String]

    /// What is wrong, in words.
    package var what: String {
        let words = Self.words(libraryCode)
        switch expected.count {
        case 0: return words
        case 1 where Self.isMissingAttribute(libraryCode): return words + ": \(expected[0])"
        case 1: return words + ", where \(expected[0]) must stand"
        default: return words + ", where one of \(expected.joined(separator: ", ")) must stand"
        }
    }

    /// Whether a number is about a child that is missing or not allowed.
    static func isContent(_ code: Int32) -> Bool { equals(code, XML_SCHEMAV_ELEMENT_CONTENT) }

    /// Whether a number is about an attribute that must be there and is not.
    static func isMissingAttribute(_ code: Int32) -> Bool { equals(code, XML_SCHEMAV_CVC_COMPLEX_TYPE_4) }

    /// Whether a number says which rule of a simple type is broken; another one then only says that one is.
    static func isFacet(_ code: Int32) -> Bool {
        Int(code) >= Int(XML_SCHEMAV_CVC_FACET_VALID.rawValue)
            && Int(code) <= Int(XML_SCHEMAV_CVC_ENUMERATION_VALID.rawValue)
    }

    static func isType(_ code: Int32) -> Bool { equals(code, XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1) }

    /// Whether a number found at a start tag is about the place of the element, not about the element.
    static func isAboutPlace(_ code: Int32) -> Bool {
        equals(code, XML_SCHEMAV_ELEMENT_CONTENT) || equals(code, XML_SCHEMAV_CVC_ELT_1)
            || equals(code, XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1) || equals(code, XML_SCHEMAV_CVC_TYPE_3_1_2)
            || equals(code, XML_SCHEMAV_CVC_WILDCARD)
    }

    private static func equals(_ code: Int32, _ known: xmlParserErrors) -> Bool {
        UInt32(bitPattern: code) == known.rawValue
    }

    private static func words(_ code: Int32) -> String {
        switch xmlParserErrors(UInt32(bitPattern: code)) {
        case XML_SCHEMAV_ELEMENT_CONTENT: "a child element is missing, or one is not allowed here"
        case XML_SCHEMAV_CVC_ELT_1: "the schema does not know the element"
        case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1, XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2,
            XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_3, XML_SCHEMAV_CVC_COMPLEX_TYPE_2_2:
            "the value is not of the type asked for"
        case XML_SCHEMAV_CVC_LENGTH_VALID: "the value has not the length asked for"
        case XML_SCHEMAV_CVC_MINLENGTH_VALID: "the value is empty or too short"
        case XML_SCHEMAV_CVC_MAXLENGTH_VALID: "the value is too long"
        case XML_SCHEMAV_CVC_MININCLUSIVE_VALID, XML_SCHEMAV_CVC_MINEXCLUSIVE_VALID: "the value is too small"
        case XML_SCHEMAV_CVC_MAXINCLUSIVE_VALID, XML_SCHEMAV_CVC_MAXEXCLUSIVE_VALID: "the value is too large"
        case XML_SCHEMAV_CVC_TOTALDIGITS_VALID: "the value has too many digits"
        case XML_SCHEMAV_CVC_FRACTIONDIGITS_VALID: "the value has too many decimals"
        case XML_SCHEMAV_CVC_PATTERN_VALID: "the value has not the form asked for"
        case XML_SCHEMAV_CVC_ENUMERATION_VALID: "the value is not in the list of those allowed"
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3: "text stands between child elements"
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1, XML_SCHEMAV_CVC_TYPE_3_1_2: "content stands where none may be"
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1, XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_2, XML_SCHEMAV_CVC_TYPE_3_1_1:
            "an attribute is not allowed here"
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_4: "an attribute is missing"
        default: "a rule of the schema is broken"
        }
    }
}

extension XMLSchemaFinding: CustomStringConvertible {
    package var description: String {
        "line \(line): \(path.isEmpty ? "the document" : path): \(what) (\(libraryCode))"
    }
}
