import CLibXML2

extension XMLDefect {
    /// What is not well-formed, in words, by the number that libxml2 gives to it.
    ///
    /// `isRootOpen`: whether the root element has not ended yet.
    static func words(libraryCode code: Int32, isRootOpen: Bool) -> String {
        let found: String? =
            switch xmlParserErrors(UInt32(bitPattern: code)) {
            case XML_ERR_TAG_NAME_MISMATCH: "an end tag is not that of the element that is open"
            case XML_ERR_TAG_NOT_FINISHED: "the document ends inside of an element"
            case XML_ERR_UNDECLARED_ENTITY, XML_WAR_UNDECLARED_ENTITY:
                "a reference names an entity other than the five of XML: amp, lt, gt, quot and apos"
            case XML_ERR_ENTITYREF_SEMICOL_MISSING, XML_ERR_ENTITYREF_NO_NAME:
                "an ampersand begins no reference: one that is text is written &amp;"
            case XML_ERR_NAME_REQUIRED: "a name is missing after < or &: as text they are written &lt; and &amp;"
            case XML_ERR_LT_IN_ATTRIBUTE: "an attribute's value holds <, which is written &lt;"
            case XML_ERR_INVALID_CHAR, XML_ERR_INVALID_CHARREF, XML_ERR_INVALID_HEX_CHARREF,
                XML_ERR_INVALID_DEC_CHARREF:
                "it has a control character or a reference to one, which XML does not have"
            case XML_ERR_DOCUMENT_END where isRootOpen: "the document ends before its root element does"
            case XML_ERR_DOCUMENT_END: "something follows the end of the root element"
            case XML_ERR_DOCUMENT_EMPTY: "it does not begin with a tag or a declaration"
            case XML_ERR_GT_REQUIRED: "a tag has no >"
            case XML_ERR_ATTRIBUTE_NOT_STARTED, XML_ERR_ATTRIBUTE_NOT_FINISHED, XML_ERR_ATTRIBUTE_WITHOUT_VALUE:
                "an attribute has no value in quotes"
            case XML_ERR_ATTRIBUTE_REDEFINED: "an element has an attribute twice"
            case XML_ERR_RESERVED_XML_NAME: "an XML declaration stands elsewhere than at the beginning"
            case XML_ERR_COMMENT_NOT_FINISHED: "a comment is not closed, or holds two hyphens in a row"
            case XML_ERR_CDATA_NOT_FINISHED: "a CDATA section is not closed"
            case XML_ERR_MISPLACED_CDATA_END: "]]> stands in a text, where it is written ]]&gt;"
            case XML_NS_ERR_UNDEFINED_NAMESPACE: "a prefix stands for no namespace"
            default: nil
            }
        return "it is not well-formed XML" + (found.map { ": \($0)" } ?? "") + " (libxml2 \(code))"
    }
}
