import ChannelKit
import Foundation
import PaymentCore
import Testing

@Suite struct ResolvedEndpointTests {
    private let environment = [
        "SLUICE_CHANNEL_HARBOR_URL": "https://pay.example:8443/", "SLUICE_CHANNEL_HARBOR_SECRET": "s3cret-value",
    ]

    @Test func `references are followed at the start of a worker`() throws {
        let endpoint = try Sample.harbor().resolve(environment: environment)
        #expect(endpoint.baseURL.text == "https://pay.example:8443")
        #expect(endpoint.specification.name == ChannelName("harbor"))
    }

    @Test func `a secret is not shown by any description`() throws {
        let endpoint = try Sample.harbor().resolve(environment: environment)
        var dumped = ""
        dump(endpoint, to: &dumped)
        for text in ["\(endpoint)", String(reflecting: endpoint), dumped, "\(endpoint.secret)"] {
            #expect(!text.contains("s3cret"))
        }
    }

    @Test(
        arguments: [
            ("SLUICE_CHANNEL_HARBOR_SECRET", nil), ("SLUICE_CHANNEL_HARBOR_SECRET", ""),
            ("SLUICE_CHANNEL_HARBOR_SECRET", "two words"), ("SLUICE_CHANNEL_HARBOR_SECRET", "line\n"),
            ("SLUICE_CHANNEL_HARBOR_URL", nil), ("SLUICE_CHANNEL_HARBOR_URL", " https://pay.example"),
        ] as [(String, String?)]
    )
    func `a missing value is named by its variable and never quoted`(name: String, value: String?) throws {
        var environment = environment
        environment[name] = value
        let error = try #require(throws: EndpointError.self) { try Sample.harbor().resolve(environment: environment) }
        #expect(error.description.contains(name))
        #expect(!error.description.contains("two words"))
    }

    @Test(
        arguments: [
            ("http://127.0.0.1:8080", true), ("http://127.1.2.3", true), ("http://localhost:1", true),
            ("http://[::1]:8080", true), ("https://pay.example", true), ("https://[2001:db8::1]:443", true),
            ("http://pay.example", false), ("http://10.0.0.1", false), ("http://127.0.0.1.example", false),
            ("http://127.0.0", false), ("http://127.0.0.1@pay.example", false), ("http://0.0.0.0", false),
            ("https://pay.example/path", false), ("https://pay.example?x", false), ("https://pay.example#x", false),
            ("https://user@pay.example", false), ("https://", false), ("https://:443", false),
            ("https://pay.example:0", false), ("https://pay.example:65536", false), ("https://pay.example:+1", false),
            ("https://pay.example:", false), ("https://[::1", false), ("https://[]", false),
            ("ftp://pay.example", false),
            ("HTTPS://pay.example", false), ("https://pay example", false), ("https://-pay.example", false),
        ])
    func `an address of class test is https anywhere or http on this machine`(url: String, isGood: Bool) throws {
        var environment = environment
        environment["SLUICE_CHANNEL_HARBOR_URL"] = url
        let harbor = try Sample.harbor()
        let resolved = try? harbor.resolve(environment: environment)
        #expect((resolved != nil) == isGood)
    }

    @Test func `class production refuses http even on this machine`() throws {
        var environment = environment
        environment["SLUICE_CHANNEL_HARBOR_URL"] = "http://127.0.0.1"
        let harbor = try Sample.harbor([("class: test", "class: production")])
        let error = try #require(throws: EndpointError.self) { try harbor.resolve(environment: environment) }
        #expect(error.code == .address(.plainText, reference: .environment("SLUICE_CHANNEL_HARBOR_URL")))
    }

    @Test func `a secret may stand in a file of its own`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)")
        let path = file.path(percentEncoded: false)
        let harbor = try Sample.harbor([("env:SLUICE_CHANNEL_HARBOR_SECRET", "file:\(path)")])
        #expect(throws: EndpointError.self) { try harbor.resolve(environment: environment) }
        defer { try? FileManager.default.removeItem(at: file) }
        try Data((Sample.secret + "\n").utf8).write(to: file)
        let secret = try harbor.resolve(environment: environment).secret
        // The same key signs the same.
        let codec = harbor.codec
        let envelope = try Sample.envelope(.query)
        let expected = codec.sign(envelope, at: Sample.now, nonce: Sample.nonce, secret: ChannelSecret(Sample.secret))
        #expect(codec.sign(envelope, at: Sample.now, nonce: Sample.nonce, secret: secret) == expected)
        try Data(repeating: 0x61, count: 4_097).write(to: file)
        #expect(throws: EndpointError.self) { try harbor.resolve(environment: environment) }
    }
}
