import ChannelKit
import Foundation
import PaymentCore
import Testing

/// The strict JSON reader, seen through answers: a text stands as one more member of an answer that is good without it,
/// so that the answer is understood if and only if the text is JSON that we accept.
@Suite struct AnswerFormTests {
    private func isAccepted(_ text: [UInt8]) throws -> Bool {
        let head = #"{"code": "2001", "batch_no": "SL-41-12000", "more": "#
        let body = Array(head.utf8) + text + Array(#", "trade_date": "20261121"}"#.utf8)
        let outcome = try Sample.decode(body)
        if outcome.answer != nil { return true }
        #expect(outcome == .unknown("unparsable_answer"))
        return false
    }

    @Test(
        arguments: [
            "0", "-0", "-1", "1.5", "1e9", "1E+9", "1e-9", "0.0", "123456789012345678901234567890", "true", "false",
            "null",
            "[]", "{}", "[1,2]", "[ 1 , 2 ]", "\t[\r\n]", #"{"a":{"a":1},"b":[{}]}"#, #""""#, #""a\"\\\/\b\f\n\r\tz""#,
            #""\u00e9\u4E2d""#, #""\ud83d\ude00""#, #""王小明 😀""#, #""\u2028""#, "\"\u{7F}\"",
            "[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]",
        ])
    func `JSON is accepted`(text: String) throws {
        #expect(try isAccepted(Array(text.utf8)))
    }

    @Test(
        arguments: [
            "", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "1 2", "NaN", "Infinity", "-Infinity", "tru", "True",
            "nul",
            "[1,]", "[,1]", "[1 2]", "[", "]", "{", "}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, #"{1:1}"#,
            #"{'a':1}"#,
            #"{"a":1 "b":2}"#, #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"""#, #""\"#, #""\x""#, #""\u12""#,
            #""\u12g4""#,
            #""\u0000""#, #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800x""#, #""\ud800\n""#, "\"\n\"",
            "\"\u{0}\"",
            "\"\t\"", "'a'", "/**/1", "1//", "\u{FEFF}1", "\u{A0}1", "\u{2028}1", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
        ])
    func `what is no JSON, or JSON that two readers could read in two ways, is unknown`(text: String) throws {
        #expect(try !isAccepted(Array(text.utf8)))
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE7, 0x8E],
            [0x80],
        ] as [[UInt8]]
    )
    func `a string that is not UTF-8 is unknown`(bytes: [UInt8]) throws {
        #expect(try !isAccepted([0x22] + bytes + [0x22]))
        #expect(try !isAccepted(Array(#""\n"#.utf8) + bytes + [0x22]))
        #expect(try !isAccepted(Array(#"{""#.utf8) + bytes + Array(#"":1}"#.utf8)))
    }

    @Test func `a hundred thousand brackets do no harm`() throws {
        for bracket in ["[", "{\"a\":"] {
            #expect(try !isAccepted(Array(String(repeating: bracket, count: 100_000).utf8)))
        }
    }

    @Test func `every beginning of an answer is unknown`() throws {
        let body = Sample.body("0000", #", "items": [{"item_no": 1, "code": "S000", "message": "\u00e9王"}]"#)
        #expect(try Sample.decode(body).answer != nil)
        for count in 1..<body.count {
            #expect(try Sample.decode(Array(body.prefix(count))) == .unknown("unparsable_answer"))
        }
    }

    @Test func `no change of a byte crashes the reader, and none invents a success`() throws {
        let body = Sample.body("0000", #", "items": [{"item_no": 1, "code": "P001", "amount": -12}]"#)
        for index in body.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = body
                changed[index] = byte
                let answer = try Sample.decode(changed).answer
                #expect(answer?.items.contains { $0.meaning == .done } != true)
            }
        }
    }

    @Test(.enabled(if: Sample.corpus("json-parsing") != nil, "SLUICE_CORPORA names no folder with json-parsing"))
    func `the corpus of JSON parsing is read as its names say`() throws {
        // Duplicate keys and NUL are JSON, but not to us.
        let refused: Set = [
            "y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
            "y_object_escaped_null_in_key.json",
        ]
        let files = try #require(Sample.corpus("json-parsing"))
        #expect(files.count > 100)
        for file in files {
            let bytes = Array(try Data(contentsOf: file))
            let name = file.lastPathComponent
            #expect(try Sample.decode(bytes).isUnknown, "\(name) is no answer")
            let isAccepted = try isAccepted(bytes)
            if name.hasPrefix("n_") { #expect(!isAccepted, "\(name)") }
            if name.hasPrefix("y_") { #expect(isAccepted == !refused.contains(name), "\(name)") }
        }
    }

    @Test(.enabled(if: Sample.corpus("xml-json-own") != nil, "SLUICE_CORPORA names no folder with xml-json-own"))
    func `every document of the own corpus is unknown`() throws {
        let refused: Set = [
            "json_bom.json", "json_cut.json", "json_deep.json", "json_dup_key.json", "json_lone_surrogate.json",
            "json_nul.json", "json_trailing.json",
        ]
        let files = try #require(Sample.corpus("xml-json-own"))
        #expect(Set(files.map(\.lastPathComponent)).isSuperset(of: refused))
        for file in files {
            let bytes = Array(try Data(contentsOf: file))
            let name = file.lastPathComponent
            for kind in MessageKind.allCases { #expect(try Sample.decode(bytes, kind: kind).isUnknown, "\(name)") }
            let isAccepted = try isAccepted(bytes)
            if name.hasPrefix("xml_") || refused.contains(name) { #expect(!isAccepted, "\(name)") }
        }
    }
}
