import PaymentCore
import StrictYAML

/// Reads `text`: what text the company carries.
struct TextReader {
    private static let lengthMax = 4_096

    let root: YAMLMapping

    /// The profile of the channel; without the key, that of a channel that takes what its dialect's messages hold.
    func profile() throws(YAMLError) -> TextProfile {
        guard let mapping = try root.optionalMapping("text") else { return TextProfile() }
        let repertoire = try mapping.enumeration("repertoire", as: TextProfile.Repertoire.self)
        guard let lengths = try mapping.optionalMapping("length_max") else {
            // Nothing is counted, so that no unit may stand there.
            return TextProfile(repertoire: repertoire)
        }
        let unit = try mapping.enumeration("counted_in", as: TextProfile.LengthUnit.self)
        return TextProfile(repertoire: repertoire, lengthUnit: unit, lengthMax: try self.lengths(lengths))
    }

    private func lengths(_ mapping: YAMLMapping) throws(YAMLError) -> [TextProfile.Field: Int] {
        var lengths: [TextProfile.Field: Int] = [:]
        for field in TextProfile.Field.allCases {
            lengths[field] = try mapping.optionalInt(field.rawValue, in: 1...Self.lengthMax)
        }
        guard !lengths.isEmpty else {
            throw mapping.error(
                what: "no field is listed",
                mend: "write it as in {account_name: 60}, or leave `length_max` out"
            )
        }
        return lengths
    }
}
