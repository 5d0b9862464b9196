import EmbeddedPostgres
import Foundation
import Glibc
import PostgresClient
import Testing

@Suite struct TLSTests {
    private static let openssl = "/usr/bin/openssl"

    @Test(.enabled(if: access(openssl, X_OK) == 0, "needs the openssl program to make a certificate"))
    func `large answers and copies pass through TLS, and the certificate is verified`() async throws {
        let directory = try makeCertificate()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let port = try freePort()
        let server = try EmbeddedCluster.start(
            .init(settings: [
                "listen_addresses": "127.0.0.1", "port": "\(port)", "ssl": "on",
                "ssl_cert_file": "\(directory)/server.crt", "ssl_key_file": "\(directory)/server.key",
                "hba_file": "\(directory)/pg_hba.conf",
            ])
        )
        defer { server.stop() }
        let uri = "postgresql://postgres@localhost:\(port)/postgres?hostaddr=127.0.0.1&sslmode=verify-full"
        let pool = PostgresPool(
            configuration: .init(uri: "\(uri)&sslrootcert=\(directory)/server.crt", applicationName: "tls"),
            connectionsMax: 1
        )
        try await pool.transaction("tls") { transaction in
            let isEncrypted = try transaction.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0].bool(
                0
            )
            #expect(isEncrypted)
            // Rows of many sizes end at every place of a TLS record.
            for size in [1, 100, 8_191, 16_384, 16_385, 40_000, 1_000_000] {
                let text = try transaction.query("SELECT repeat('x', $1)", [.int32(Int32(size))])[0].text(0)
                #expect(text.utf8.count == size)
            }
            var count = 0
            try transaction.forEachRow("SELECT repeat('x', n % 20000) FROM generate_series(1, 20000) n") { row in
                if try row.text(0).utf8.count == (count + 1) % 20_000 { count += 1 }
            }
            #expect(count == 20_000)
            try transaction.execute("CREATE TEMP TABLE copied (t text) ON COMMIT DROP")
            var buffer = BinaryCopyBuffer(reserving: 0)
            for number in 0..<5_000 {
                buffer.beginRow(columnCount: 1)
                buffer.append(text: [UInt8](repeating: UInt8(ascii: "y"), count: number))
            }
            #expect(try transaction.copyIn("COPY copied FROM STDIN (FORMAT binary)", buffer.finish()) == 5_000)
            var bytes = 0
            try transaction.copyOut("COPY copied TO STDOUT (FORMAT binary)") { bytes += try $0.text(0).utf8.count }
            #expect(bytes == 4_999 * 2_500)
        }
        await pool.close()

        let strict = PostgresPool(
            configuration: .init(uri: "\(uri)&sslrootcert=/nowhere.crt", applicationName: "tls"),
            connectionsMax: 1
        )
        let error = try await failure { try await strict.run("SELECT 1") }
        #expect(error.code == .notSent && error.description.contains("certificate"))
        await strict.close()
    }

    /// A directory with a self-signed certificate for localhost, owned by the server's user.
    private func makeCertificate() throws -> String {
        let directory = "/tmp/sluice-tls-\(getpid())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let command = """
            \(Self.openssl) req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
            -subj /CN=localhost -addext subjectAltName=DNS:localhost \
            -keyout \(directory)/server.key -out \(directory)/server.crt >/dev/null 2>&1
            """
        try #require(system(command) == 0)
        try "local all all trust\nhostssl all all 127.0.0.1/32 trust\n".write(
            toFile: "\(directory)/pg_hba.conf",
            atomically: true,
            encoding: .utf8
        )
        try #require(chmod("\(directory)/server.key", 0o600) == 0 && chmod("\(directory)/pg_hba.conf", 0o644) == 0)
        if geteuid() == 0 {
            let account = try #require(getpwnam("postgres") ?? getpwnam("nobody"))
            for name in ["", "/server.key"] {
                try #require(chown("\(directory)\(name)", account.pointee.pw_uid, account.pointee.pw_gid) == 0)
            }
        }
        return directory
    }

    private func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        try #require(result == 0)
        return UInt16(bigEndian: address.sin_port)
    }
}
