import Foundation

/// A temporary folder with two certificate authorities, certificates of several kinds, and answers to serve.
final class CertificateFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("transfer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for name in ["authority", "stranger"] {
            try OpenSSLServer.run(
                ["req", "-x509"] + Self.newKey(name) + ["-out", "\(name).pem", "-days", "2", "-subj", "/CN=\(name)"]
                    + ["-addext", "basicConstraints=critical,CA:TRUE"],
                in: url
            )
        }
        try issue("right", names: "IP:127.0.0.1,DNS:localhost")
        try issue("wrong-host", names: "DNS:other.example")
        try issue("expired", names: "IP:127.0.0.1", days: -1)
        for (name, header) in ["whole": "Content-Length: 5\r\n", "unframed": "", "short": "Content-Length: 9\r\n"] {
            try Data("HTTP/1.1 200 OK\r\n\(header)\r\nhello".utf8).write(to: url.appendingPathComponent(name))
        }
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    private func issue(_ name: String, names: String, days: Int = 2) throws {
        try Data("subjectAltName=\(names)\n".utf8).write(to: url.appendingPathComponent("\(name).ext"))
        try OpenSSLServer.run(
            ["req"] + Self.newKey(name) + ["-out", "\(name).csr", "-subj", "/CN=\(name)"],
            in: url
        )
        try OpenSSLServer.run(
            [
                "x509", "-req", "-in", "\(name).csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                "-CAcreateserial",
            ]
                + ["-days", "\(days)", "-extfile", "\(name).ext", "-out", "\(name).pem"],
            in: url
        )
    }

    private static func newKey(_ name: String) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "\(name).key"]
    }
}
