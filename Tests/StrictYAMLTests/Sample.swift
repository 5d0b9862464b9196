import StrictYAML
import Testing

/// Reads a text and returns the error that reading it or the closure throws.
func refusal(
    of text: String,
    reading read: (YAMLMapping) throws -> Void = { _ in }
) throws -> YAMLError {
    try #require(
        throws: YAMLError.self,
        performing: {
            let mapping = try YAMLMapping.parse(text, file: "x.yaml")
            try read(mapping)
            try mapping.finish()
        }
    )
}

/// Where an error stands, to compare with a literal.
func place(_ error: YAMLError) -> String {
    "\(error.line):\(error.column)"
}
