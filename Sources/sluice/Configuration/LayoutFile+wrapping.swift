import BatchFiles
import Compression
import StrictYAML

extension LayoutFile {
    /// How files are packed, and how much may come out of them; its keys stand in Docs/formats/wrapping.md.
    static func wrapping(_ root: YAMLMapping) throws(YAMLError) -> Wrapping {
        let kind = try root.optionalEnumeration("wrapping", as: Wrapping.Kind.self) ?? .none
        let standard = UnpackLimits()
        guard let mapping = try root.optionalMapping("wrapping_limits") else { return Wrapping(kind, limits: standard) }
        guard kind != .none else {
            throw root.error(
                at: "wrapping_limits",
                what: "limits for files that are not packed",
                mend: "name their `wrapping`, or remove the limits"
            )
        }
        return Wrapping(
            kind,
            limits: UnpackLimits(
                bytesMax: try mapping.optionalInt("content_bytes_max", in: 1_024...1 << 40).map(Int64.init)
                    ?? standard.bytesMax,
                ratioMax: try mapping.optionalInt("ratio_max", in: 2...2_000).map(Int64.init) ?? standard.ratioMax
            )
        )
    }
}
