package import PaymentCore

/// A channel as a worker calls it: its specification with the address and the secret that its references name.
package struct ResolvedEndpoint: Sendable {
    package let specification: ChannelSpecification
    package let baseURL: BaseURL
    package let secret: ChannelSecret
}

/// Why a specification's references cannot be followed; safe to log: it names references, never values.
package struct EndpointError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    package enum Code: Hashable, Sendable {
        /// The reference names nothing that can be used.
        case unresolved(key: String, reference: Reference)
        case address(BaseURL.Defect, reference: Reference)
    }

    package let channel: ChannelName
    package let code: Code

    package var description: String {
        switch code {
        case .unresolved(let key, .environment(let name)):
            "channel \(channel): `\(key)` needs the environment variable \(name), which is unset, empty or holds "
                + "blanks: set it and start again"
        case .unresolved(let key, .file(let path)):
            "channel \(channel): `\(key)` needs the file \(path), which is missing, unreadable, empty, too long or "
                + "holds blanks: write one line into it and give this user read access"
        case .address(.notAnAddress, let reference):
            "channel \(channel): \(reference) holds no address: write https://HOST or https://HOST:PORT, without a path"
        case .address(.plainText, let reference):
            "channel \(channel): \(reference) holds an http address, and class production speaks https only (R13): "
                + "write https://"
        case .address(.plainTextBeyondLoopback, let reference):
            "channel \(channel): \(reference) holds an http address of another machine, and plain HTTP never leaves "
                + "this one (R13): write https://, or a loopback address"
        }
    }
}

extension ChannelSpecification {
    /// Follows the references of the specification among the process's environment variables, at a worker's start.
    ///
    /// Refused with an `EndpointError`: a missing value, or an address that the class forbids (R13).
    package func resolve(environment: [String: String]) throws(EndpointError) -> ResolvedEndpoint {
        ResolvedEndpoint(
            specification: self,
            baseURL: try baseURL(environment: environment),
            secret: ChannelSecret(try value(of: endpoint.secret, key: "secret", environment: environment))
        )
    }

    private func baseURL(environment: [String: String]) throws(EndpointError) -> BaseURL {
        switch endpoint.url {
        case .literal(let url): return url
        case .reference(let reference):
            let text = try value(of: reference, key: "url", environment: environment)
            do {
                return try BaseURL(text, environmentClass: environmentClass)
            } catch {
                throw EndpointError(channel: name, code: .address(error, reference: reference))
            }
        }
    }

    private func value(
        of reference: Reference,
        key: String,
        environment: [String: String]
    ) throws(EndpointError) -> String {
        guard let value = reference.value(environment: environment) else {
            throw EndpointError(channel: name, code: .unresolved(key: key, reference: reference))
        }
        return value
    }
}
