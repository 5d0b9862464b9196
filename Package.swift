// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is built with these; style.md rule 7.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "sluice",
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // The only C.
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLibCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibMalloc"),
        .systemLibrary(name: "CLibZ", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLibArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),

        // Bindings: they know nothing of payments.
        .target(name: "PostgresClient", dependencies: ["CLibPQ"], swiftSettings: strict),
        .target(name: "EmbeddedPostgres", swiftSettings: strict),
        .target(name: "Transfer", dependencies: ["CLibCurl"], swiftSettings: strict),
        .target(name: "Cryptography", dependencies: ["CLibCrypto"], swiftSettings: strict),
        .target(name: "Compression", dependencies: ["CLibZ", "CLibArchive"], swiftSettings: strict),
        .target(name: "XMLStream", dependencies: ["CLibXML2"], swiftSettings: strict),
        .target(name: "Transcoding", swiftSettings: strict),
        .target(name: "StrictYAML", dependencies: [yams], swiftSettings: strict),

        // Values and rules, and what is built on them; arrows only point up.
        .target(name: "PaymentCore", swiftSettings: strict),
        .target(
            name: "BatchFiles",
            dependencies: ["PaymentCore", "Compression", "Transcoding", "XMLStream"],
            swiftSettings: strict
        ),
        .target(
            name: "ChannelKit",
            dependencies: ["PaymentCore", "Cryptography", "Transfer", "StrictYAML"],
            swiftSettings: strict
        ),
        .target(name: "Store", dependencies: ["PaymentCore"], swiftSettings: strict),
        .target(
            name: "Pipeline",
            dependencies: ["Store", "PaymentCore", "BatchFiles", "ChannelKit", "Cryptography", logging],
            swiftSettings: strict
        ),
        .target(name: "Review", dependencies: ["Store", "PaymentCore", "BatchFiles"], swiftSettings: strict),
        .target(
            name: "PostgresStore",
            dependencies: ["Store", "PaymentCore", "PostgresClient", "Cryptography", "Compression"],
            resources: [
                .embedInCode("Migrations/0001_schemas_and_roles.sql"),
                .embedInCode("Migrations/0002_batch_files.sql"),
                .embedInCode("Migrations/0003_orders.sql"),
                .embedInCode("Migrations/0004_work.sql"),
                .embedInCode("Migrations/0005_contract.sql"),
                .embedInCode("Migrations/0006_lanes.sql"),
                .embedInCode("Migrations/0007_attempts.sql"),
                .embedInCode("Migrations/0008_ceilings.sql"),
                .embedInCode("Migrations/0009_operations.sql"),
                .embedInCode("Migrations/0010_jobs.sql"),
                .embedInCode("Migrations/0011_intake.sql"),
                .embedInCode("Migrations/0012_direct_load.sql"),
                .embedInCode("Migrations/0013_intake_validated.sql"),
                .embedInCode("Migrations/0014_refusals.sql"),
                .embedInCode("Migrations/0015_archiving.sql"),
                .embedInCode("Migrations/0016_archive_swap.sql"),
                .embedInCode("Migrations/0017_archive_receipts.sql"),
                .embedInCode("Migrations/0018_archive_days.sql"),
                .embedInCode("Migrations/0019_people.sql"),
                .embedInCode("Migrations/0020_proposals.sql"),
                .embedInCode("Migrations/0021_release.sql"),
                .embedInCode("Migrations/0022_waiting_records.sql"),
                .embedInCode("Migrations/0023_operators.sql"),
            ],
            swiftSettings: strict
        ),
        .target(name: "ChannelSimulator", dependencies: ["Cryptography", yams], swiftSettings: strict),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "CLibMalloc",
                "PaymentCore", "BatchFiles", "ChannelKit", "Store", "Pipeline", "Review", "PostgresStore",
                "PostgresClient",
                "EmbeddedPostgres", "Cryptography", "Compression", "Transcoding", "Transfer", "StrictYAML",
                "ChannelSimulator",
                logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "sluice-bench",
            dependencies: [
                "PaymentCore", "Store", "PostgresStore", "PostgresClient", "EmbeddedPostgres", "Cryptography",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        // Test support.
        .target(
            name: "StoreTesting",
            dependencies: ["Store", "PaymentCore"],
            path: "Tests/StoreTesting",
            swiftSettings: strict
        ),
        .target(
            name: "CompressionTesting",
            dependencies: ["Compression"],
            path: "Tests/CompressionTesting",
            swiftSettings: strict
        ),
        .target(name: "SharedFileTesting", path: "Tests/SharedFileTesting", swiftSettings: strict),
        .target(
            name: "PeopleTesting",
            dependencies: ["PaymentCore", "Store", "PostgresClient", "Cryptography"],
            path: "Tests/PeopleTesting",
            swiftSettings: strict
        ),

        .testTarget(
            name: "PostgresClientTests",
            dependencies: ["PostgresClient", "EmbeddedPostgres"],
            swiftSettings: strict
        ),
        .testTarget(name: "EmbeddedPostgresTests", dependencies: ["EmbeddedPostgres"], swiftSettings: strict),
        .testTarget(name: "TransferTests", dependencies: ["Transfer"], swiftSettings: strict),
        .testTarget(name: "CryptographyTests", dependencies: ["Cryptography"], swiftSettings: strict),
        .testTarget(
            name: "CompressionTests",
            dependencies: ["Compression", "CompressionTesting", "SharedFileTesting"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "XMLStreamTests",
            dependencies: ["XMLStream", "SharedFileTesting"],
            swiftSettings: strict
        ),
        .testTarget(name: "TranscodingTests", dependencies: ["Transcoding"], swiftSettings: strict),
        .testTarget(name: "StrictYAMLTests", dependencies: ["StrictYAML"], swiftSettings: strict),
        .testTarget(
            name: "PaymentCoreTests",
            dependencies: ["PaymentCore", "SharedFileTesting"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BatchFilesTests",
            dependencies: [
                "BatchFiles", "PaymentCore", "Compression", "CompressionTesting", "SharedFileTesting", "Transcoding",
                "XMLStream",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ReviewTests",
            dependencies: ["Review", "Store", "BatchFiles", "PaymentCore", "SharedFileTesting", "Transcoding"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChannelKitTests",
            dependencies: ["ChannelKit", "PaymentCore", "Cryptography", "Transfer", "StrictYAML"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChannelSimulatorTests",
            dependencies: ["ChannelSimulator", "Cryptography"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StoreTestingTests",
            dependencies: ["StoreTesting", "Store", "PaymentCore"],
            swiftSettings: strict
        ),
        .testTarget(name: "TidyTests", swiftSettings: strict),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "sluice", "StrictYAML", "PaymentCore", "BatchFiles", "ChannelKit", "Pipeline", "Store",
                "Cryptography", "Compression", "SharedFileTesting",
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "BenchmarkTests", dependencies: ["sluice-bench"], swiftSettings: strict),
        .testTarget(
            name: "PostgresStoreTests",
            dependencies: [
                "PostgresStore", "Store", "StoreTesting", "PeopleTesting", "PaymentCore", "PostgresClient",
                "EmbeddedPostgres", "Cryptography", "Pipeline", logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FaultTests",
            dependencies: [
                "sluice", "sluice-bench", "ChannelSimulator", "PaymentCore", "Pipeline", "PostgresClient",
                "EmbeddedPostgres", "Cryptography", "Transcoding", "Compression", "CompressionTesting",
                "SharedFileTesting", "PeopleTesting",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "PipelineTests",
            dependencies: [
                "Pipeline", "PostgresStore", "Store", "StoreTesting", "PaymentCore", "BatchFiles", "ChannelKit",
                "ChannelSimulator", "PostgresClient", "EmbeddedPostgres", "Cryptography", "Compression",
                "CompressionTesting", "PeopleTesting", "Transcoding", logging,
            ],
            swiftSettings: strict
        ),
    ]
)
