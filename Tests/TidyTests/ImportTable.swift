/// Which target may import what: the table of the architecture, and the small targets added beside it on purpose
/// (Docs/decisions/001-three-small-targets.md, 002-two-more-arrows.md).
enum ImportTable {
    /// Our own modules by target; every folder in `Sources/` stands here, C targets excepted.
    static let own: [String: Set<String>] = [
        // Bindings know nothing of payments and see only their own C.
        "PostgresClient": ["CLibPQ"],
        "Transfer": ["CLibCurl"],
        "XMLStream": ["CLibXML2"],
        "Compression": ["CLibZ", "CLibArchive"],
        "Cryptography": ["CLibCrypto"],
        // Small targets without payment words.
        "StrictYAML": [],
        "EmbeddedPostgres": [],
        "Transcoding": [],
        // The product.
        "PaymentCore": [],
        "BatchFiles": ["PaymentCore", "XMLStream", "Compression", "Transcoding"],
        "ChannelKit": ["PaymentCore", "XMLStream", "Compression", "Cryptography", "Transfer", "StrictYAML"],
        "Store": ["PaymentCore"],
        "Pipeline": ["Store", "PaymentCore", "BatchFiles", "ChannelKit", "Cryptography"],
        "Review": ["Store", "PaymentCore", "BatchFiles"],
        "PostgresStore": ["Store", "PaymentCore", "PostgresClient", "Cryptography", "Compression"],
        // The other side reads a channel's description with its own eyes: neither ChannelKit nor PaymentCore.
        "ChannelSimulator": ["XMLStream", "Compression", "Cryptography"],
        "Console": ["Review", "Store", "PaymentCore", "Cryptography"],
        // And the one setting of its process that only C can make.
        "sluice": everything.union(["CLibMalloc"]),
        "sluice-bench": everything,
    ]

    /// What the wiring and the benchmarks may import: all of ours, but no C.
    static let everything: Set<String> = [
        "PostgresClient", "Transfer", "XMLStream", "Compression", "Cryptography", "StrictYAML", "EmbeddedPostgres",
        "Transcoding", "PaymentCore", "BatchFiles", "ChannelKit", "Store", "Pipeline", "Review", "PostgresStore",
        "ChannelSimulator", "Console",
    ]

    /// Part of the toolchain: for every target but `PaymentCore`, which imports nothing.
    static let platform: Set<String> = ["Foundation", "FoundationEssentials", "Glibc", "Dispatch", "Synchronization"]

    /// Targets that import neither the toolchain's modules nor packages.
    static let pure: Set<String> = ["PaymentCore"]

    /// Packages of the ecosystem, each with the targets that may use it.
    static let packages: [String: Set<String>] = [
        "Yams": ["StrictYAML", "ChannelSimulator"],
        "Logging": services,
        "Metrics": services,
        "ServiceLifecycle": ["Pipeline", "ChannelSimulator", "Console", "sluice"],
        "Collections": parts,
        "DequeModule": parts,
        "OrderedCollections": parts,
        "HeapModule": parts,
        "ArgumentParser": ["sluice", "sluice-bench"],
        "Configuration": ["sluice"],
        "Hummingbird": ["Console"],
        "HTTPTypes": ["Console"],
        "NIOCore": ["Console"],
    ]

    private static let services: Set<String> = [
        "ChannelKit", "Pipeline", "Review", "PostgresStore", "ChannelSimulator", "Console", "EmbeddedPostgres",
        "sluice",
    ]
    private static let parts: Set<String> = services.union(["BatchFiles", "PostgresClient", "Store", "Transfer"])
}
