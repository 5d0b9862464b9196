import PaymentCore
enum SignedIn { static func secret(_ configuration: Configuration) throws -> SessionSecret { throw CommandFailure("stub", mend: "stub") } }
