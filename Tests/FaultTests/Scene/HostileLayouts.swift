/// Layouts without header and trailer, which let no file's beginning refuse what follows.
enum HostileLayouts {
    /// One good record of each layout: behind it a file is read to its end.
    static let line = Array("A-1,6228480040106028109,Anna,1.00\n".utf8)
    static let barLine = Array("A-1|6228480040106028109|Anna|100\n".utf8)
    static let fixedLine = Array("A-1 6228480040106028109Anna  00000100\n".utf8)

    static let texts = [
        "text": text("text", of: "UTF-8", separator: ",") + "quote: \"\\\"\"\n",
        "bar": text("bar", of: "GB18030", separator: "|"),
        "fixed": fixed,
        "gzip": packed("gzip"),
        "zip": packed("zip"),
        "deflate_base64": packed("deflate_base64"),
    ]

    private static func text(_ name: String, of charset: String, separator: String) -> String {
        """
        name: \(name)
        charset: \(charset)
        separator: "\(separator)"
        header: none
        comment_prefix: "#"
        amount_unit: \(separator == "," ? "major" : "minor")
        default_currency: CNY
        columns:
          - {title: number, field: merchant_order_number}
          - {title: account, field: account_number}
          - {title: name, field: account_name}
          - {title: amount, field: amount}

        """
    }

    private static func packed(_ wrapping: String) -> String {
        text(wrapping, of: "UTF-8", separator: ",") + """
            wrapping: \(wrapping)
            wrapping_limits: {ratio_max: 2000}

            """
    }

    private static let fixed = """
        format: fixed_width
        name: fixed
        charset: GBK
        record_bytes: 37
        amount_unit: minor
        default_currency: CNY
        columns:
          - {title: number, field: merchant_order_number, start: 1, width: 4}
          - {title: account, field: account_number, start: 5, width: 19}
          - {title: name, field: account_name, start: 24, width: 6}
          - {title: amount, field: amount, start: 30, width: 8}

        """
}
