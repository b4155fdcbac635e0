// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: what Swift 7 will ask for is asked for today.
let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "Cohort",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "cohort", targets: ["cohort"]),
    .executable(name: "cohortd", targets: ["cohortd"]),
    // The read path as one library, so that its link-time dependencies can be looked at: no Foundation, no SQLite.
    .library(name: "CohortReading", type: .dynamic, targets: ["CohortReading"]),
    // The built-in encoder and the tokenizers, for the programs that compare them with others.
    .library(name: "CohortEmbedding", targets: ["CohortEmbedding"]),
    // The clustering engine without store and files, as Tools/bench runs it.
    .library(name: "CohortClustering", targets: ["CohortClustering", "CohortVectors", "CohortKernels", "CohortCore"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    // Parts of the HTTP client's interface, and the servers of its tests.
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
  ],
  targets: [
    // Layer 0: C libraries and kernels.
    .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"]), .brew(["lmdb"])]),
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"]), .brew(["xxhash"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
    .target(name: "CSQLiteGuard", linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(name: "CUnicodeTables"),
    .target(name: "CohortKernels"),
    .target(name: "CBundledModel", exclude: ["minilm-l6-256"]),

    // Layers 0 and 1: values, threads and files; then vectors and the map.
    .target(name: "CohortCore", dependencies: ["CXXHash"], swiftSettings: swift),
    .target(name: "CohortSystem", dependencies: ["CohortCore"], swiftSettings: swift),
    .target(
      name: "CohortVectors", dependencies: ["CohortSystem", "CohortCore", "CohortKernels"], swiftSettings: swift),
    .target(name: "CohortLMDB", dependencies: ["CLMDB", "CohortCore", "CohortSystem"], swiftSettings: swift),

    // Layers 2 and 3: the stages, the store between them, and how it is read.
    .target(
      name: "CohortStore", dependencies: ["CohortSystem", "CohortCore", "CohortLMDB", "CZstd"],
      swiftSettings: swift),
    .target(name: "CohortPlanning", dependencies: ["CohortSystem", "CohortCore"], swiftSettings: swift),
    .target(
      name: "CohortClustering", dependencies: ["CohortSystem", "CohortCore", "CohortVectors", "CohortKernels"],
      swiftSettings: swift),
    .target(
      name: "CohortIngestion",
      dependencies: ["CohortSystem", "CohortCore", "CohortKernels", "CSimdjson", "CZlib", "CZstd"],
      swiftSettings: swift),

    .target(
      name: "CohortEmbedding",
      dependencies: ["CohortSystem", "CohortCore", "CohortKernels", "CSimdjson", "CUnicodeTables"],
      swiftSettings: swift),

    // What joins plans and the store; the last module of the read path.
    .target(
      name: "CohortReading", dependencies: ["CohortCore", "CohortStore", "CohortPlanning"], swiftSettings: swift),

    // Layers 4 and 5: encoders behind servers; what is derived from the store, and what trains on it.
    .target(
      name: "CohortCatalog",
      dependencies: [
        "CohortSystem", "CohortCore", "CohortStore", "CohortClustering", "CSQLiteGuard",
        .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ], swiftSettings: swift),
    .target(
      name: "CohortTrainer",
      dependencies: [
        "CohortSystem", "CohortCore", "CohortKernels", "CohortStore", "CohortPlanning", "CohortReading",
      ],
      swiftSettings: swift),

    .target(
      name: "CohortProviders",
      dependencies: [
        "CohortSystem", "CohortCore", "CohortEmbedding",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ], swiftSettings: swift),

    // Layer 5: the jobs.
    .target(
      name: "CohortPipeline",
      dependencies: [
        "CohortSystem", "CohortCore", "CohortKernels", "CohortVectors", "CohortStore", "CohortPlanning",
        "CohortReading",
        "CohortClustering", "CohortIngestion",
        "CohortEmbedding", "CohortProviders", "CBundledModel",
      ], swiftSettings: swift),

    // Layer 6: the verbs of every shell.
    .target(
      name: "CohortActions",
      dependencies: [
        "CohortCore", "CohortStore", "CohortPlanning", "CohortReading", "CohortIngestion", "CohortCatalog",
        "CohortTrainer", "CohortEmbedding", "CohortProviders", "CohortPipeline",
        .product(name: "TOMLKit", package: "TOMLKit"),
      ], swiftSettings: swift),

    // Layer 8: the executables.
    .executableTarget(
      name: "cohort",
      dependencies: [
        "CohortSystem", "CohortCore", "CohortStore", "CohortPlanning", "CohortIngestion", "CohortCatalog",
        "CohortProviders", "CohortReading", "CohortPipeline", "CohortActions",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "TOMLKit", package: "TOMLKit"),
      ], swiftSettings: swift),
    .executableTarget(
      name: "cohortd",
      dependencies: [
        "CohortSystem", "CohortCore", "CohortStore", "CohortIngestion", "CohortCatalog", "CohortPipeline",
        "CohortActions", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: swift),

    // Tests mirror the sources. What they share: folders and stores that go away, seeds, faults.
    .target(
      name: "CohortTesting", dependencies: ["CohortCore", "CohortVectors", "CohortStore", "CohortPlanning"],
      path: "Tests/CohortTesting", swiftSettings: swift),
    .testTarget(name: "CohortCoreTests", dependencies: ["CohortCore"], swiftSettings: swift),
    // Forks, which Swift cannot.
    .target(name: "ForkSupport", path: "Tests/ForkSupport"),
    .testTarget(
      name: "CohortLMDBTests", dependencies: ["CohortLMDB", "CohortCore", "CLMDB", "CohortTesting", "ForkSupport"],
      swiftSettings: swift),
    .testTarget(
      name: "CohortStoreTests",
      dependencies: ["CohortSystem", "CohortStore", "CohortCore", "CohortLMDB", "CohortTesting"],
      exclude: ["Fixtures"],
      swiftSettings: swift),
    .testTarget(
      name: "CohortPlanningTests", dependencies: ["CohortPlanning", "CohortCore", "CohortTesting"],
      swiftSettings: swift),
    .testTarget(
      name: "CohortVectorsTests", dependencies: ["CohortVectors", "CohortKernels", "CohortCore", "CohortTesting"],
      swiftSettings: swift),
    .testTarget(
      name: "CohortClusteringTests",
      dependencies: ["CohortClustering", "CohortVectors", "CohortKernels", "CohortCore", "CohortTesting"],
      swiftSettings: swift),
    .testTarget(
      name: "CohortEmbeddingTests", dependencies: ["CohortEmbedding", "CohortKernels", "CohortCore", "CohortTesting"],
      exclude: ["Fixtures"], swiftSettings: swift),
    // Embedding servers that misbehave, for the tests of several modules.
    .target(
      name: "HostileServers", dependencies: ["CohortEmbedding", "CohortSystem", "CohortCore"],
      path: "Tests/HostileServers",
      swiftSettings: swift),
    .testTarget(
      name: "CohortProvidersTests",
      dependencies: [
        "CohortProviders", "CohortEmbedding", "CohortCore", "CohortTesting", "HostileServers",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ], swiftSettings: swift),
    .testTarget(
      name: "CohortIngestionTests", dependencies: ["CohortIngestion", "CohortCore", "CohortTesting"],
      swiftSettings: swift),
    .testTarget(
      name: "CohortCatalogTests",
      dependencies: [
        "CohortCatalog", "CohortClustering", "CohortStore", "CohortCore", "CohortTesting",
        .product(name: "GRDB", package: "GRDB.swift"),
      ], swiftSettings: swift),
    .testTarget(
      name: "CohortReadingTests",
      dependencies: ["CohortReading", "CohortStore", "CohortPlanning", "CohortCore", "CohortTesting"],
      swiftSettings: swift),
    .testTarget(
      name: "CohortTrainerTests",
      dependencies: [
        "CohortSystem", "CohortTrainer", "CohortReading", "CohortKernels", "CohortStore", "CohortPlanning",
        "CohortCore", "CohortTesting",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "CohortPipelineTests",
      dependencies: [
        "CohortPipeline", "CohortReading", "CohortStore", "CohortIngestion", "CohortPlanning", "CohortClustering",
        "CohortEmbedding", "CohortLMDB", "CohortCore", "CohortTesting",
      ], swiftSettings: swift),
    // The real executables, run as a user runs them: contract, kills, bad input.
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "CohortSystem", "cohort", "cohortd", "CohortCatalog", "CohortStore", "CohortLMDB", "CohortCore",
        "CohortTesting", "HostileServers",
      ],
      exclude: ["Fixtures"], swiftSettings: swift),
  ],
  cxxLanguageStandard: .cxx17
)
