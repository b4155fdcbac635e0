// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: what Swift 7 will ask for is asked for today.
let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Of modules whose tests look inside.
let testable = swift + [.unsafeFlags(["-enable-testing"], .when(configuration: .release))]

let package = Package(
  name: "Cohort",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "cohort", targets: ["cohort"]),
    .executable(name: "cohortd", targets: ["cohortd"]),
    // The read path as one library, so that its link-time dependencies can be looked at: no Foundation, no SQLite.
    .library(name: "CohortReading", type: .dynamic, targets: ["CohortReading"]),
    // The read path for other languages: the functions of Sources/CCohort/include/cohort.h.
    .library(name: "CohortLibrary", type: .dynamic, targets: ["CohortLibrary"]),
    // The built-in encoder and the tokenizers, for the programs that compare them with others.
    .library(name: "CohortEmbedding", targets: ["CohortEmbedding"]),
    // The clustering engine without store and files, as Tools/bench runs it.
    .library(name: "CohortClustering", targets: ["CohortClustering", "CohortVectors", "CohortKernels", "CohortCore"]),
    // Maps as pages and pictures, as Tools/bench draws them.
    .library(name: "CohortDrawing", targets: ["CohortDrawing", "CohortCore"]),
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
    // The daemon's HTTP interface; without its traits, which bring what a server of plain routes never uses.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // Layer 0: C libraries and kernels.
    .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"]), .brew(["lmdb"])]),
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"]), .brew(["xxhash"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
    .target(name: "CSQLiteGuard", linkerSettings: [.linkedLibrary("sqlite3")]),
    // Calls SQLite by its table of routines alone, so it is not linked with it.
    .target(name: "CSQLiteTables"),
    .target(name: "CUnicodeTables"),
    .target(name: "CohortKernels"),
    .target(name: "CCohort"),
    .target(name: "CSystemCalls"),
    // Loads libedit or libreadline when the shell of `cohort sql` first asks for a line, so nothing is linked with either.
    .target(name: "CLineEditing", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    .target(name: "CBundledModel", exclude: ["minilm-l6-256"]),
    // The pages of Docs, which hints point to.
    .target(name: "CDocuments"),

    // Layers 0 and 1: values, threads and files; then vectors and the map.
    .target(name: "CohortCore", dependencies: ["CXXHash"], swiftSettings: swift),
    .target(name: "CohortSystem", dependencies: ["CohortCore", "CSystemCalls"], swiftSettings: swift),
    .target(
      name: "CohortVectors", dependencies: ["CohortSystem", "CohortCore", "CohortKernels"], swiftSettings: swift),
    .target(
      name: "CohortLMDB", dependencies: ["CLMDB", "CSystemCalls", "CohortCore", "CohortSystem"], swiftSettings: swift),

    // Layers 2 and 3: the stages, the store between them, and how it is read.
    .target(
      name: "CohortStore", dependencies: ["CohortSystem", "CohortCore", "CohortLMDB", "CZstd"],
      swiftSettings: swift),
    .target(name: "CohortPlanning", dependencies: ["CohortSystem", "CohortCore"], swiftSettings: swift),
    .target(
      name: "CohortClustering", dependencies: ["CohortSystem", "CohortCore", "CohortVectors", "CohortKernels"],
      swiftSettings: swift),
    .target(
      name: "CohortSelection", dependencies: ["CohortCore", "CohortVectors", "CohortKernels"], swiftSettings: swift),
    .target(name: "CohortDrawing", dependencies: ["CohortCore", "CZlib"], swiftSettings: testable),
    .target(
      name: "CohortMapping", dependencies: ["CohortCore", "CohortVectors", "CohortKernels"], swiftSettings: swift),
    // Words of texts, queries, ranks and snippets; part of the read path.
    .target(
      name: "CohortSearch", dependencies: ["CohortSystem", "CohortCore", "CUnicodeTables"], swiftSettings: swift),
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
      name: "CohortReading", dependencies: ["CohortSystem", "CohortCore", "CohortStore", "CohortPlanning"],
      swiftSettings: swift),

    // Layers 4 and 5: encoders behind servers; what is derived from the store, and what trains on it.
    .target(
      name: "CohortCatalog",
      dependencies: [
        "CohortSystem", "CohortCore", "CohortStore", "CohortClustering", "CohortSearch", "CohortTables", "CSQLiteGuard",
        .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ], swiftSettings: swift),
    .target(
      name: "CohortTrainer",
      dependencies: [
        "CohortSystem", "CohortCore", "CohortKernels", "CohortStore", "CohortPlanning", "CohortReading",
      ],
      swiftSettings: swift),

    .target(
      name: "CohortTables",
      dependencies: [
        "CSQLiteTables", "CohortSystem", "CohortCore", "CohortKernels", "CohortStore", "CohortPlanning",
        "CohortReading", "CohortSearch",
      ], swiftSettings: swift),
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
        "CohortClustering", "CohortSelection", "CohortMapping", "CohortIngestion",
        "CohortEmbedding", "CohortProviders", "CBundledModel",
      ], swiftSettings: swift),

    // Layer 6: the verbs of every shell.
    .target(
      name: "CohortActions",
      dependencies: [
        "CohortCore", "CohortStore", "CohortPlanning", "CohortReading", "CohortIngestion", "CohortCatalog",
        "CohortClustering", "CohortTrainer", "CohortEmbedding", "CohortProviders", "CohortSelection", "CohortDrawing",
        "CohortPipeline", "CohortSearch", "CohortTables",
        .product(name: "TOMLKit", package: "TOMLKit"),
      ], swiftSettings: testable),

    // Layer 7: the verbs over HTTP.
    .target(
      name: "CohortServer",
      dependencies: [
        "CohortSystem", "CohortCore", "CohortStore", "CohortIngestion", "CohortPipeline", "CohortActions",
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], swiftSettings: testable),

    // Layer 8: the daemon.
    .target(
      name: "CohortDaemon",
      dependencies: [
        "CohortSystem", "CohortCore", "CohortStore", "CohortIngestion", "CohortCatalog", "CohortPipeline",
        "CohortActions", "CohortServer", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"), .product(name: "TOMLKit", package: "TOMLKit"),
      ], swiftSettings: testable),

    // Layer 9: the executables. `cohort` is the daemon, too, under its name; `cohortd` is nothing else.
    .executableTarget(
      name: "cohort",
      dependencies: [
        "CDocuments", "CohortSystem", "CohortCore", "CohortStore", "CohortPlanning", "CohortIngestion", "CohortCatalog",
        "CohortProviders", "CohortReading", "CohortSelection", "CohortDrawing", "CohortPipeline", "CohortActions",
        "CohortDaemon", "CLineEditing",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "TOMLKit", package: "TOMLKit"),
      ], swiftSettings: swift),
    .executableTarget(name: "cohortd", dependencies: ["CohortDaemon"], swiftSettings: swift),

    // Layer 9, too: what C and Python stand on.
    .target(
      name: "CohortLibrary",
      dependencies: [
        "CCohort", "CohortSystem", "CohortCore", "CohortKernels", "CohortStore", "CohortPlanning", "CohortReading",
        "CohortTables",
      ],
      exclude: ["exports.map"], swiftSettings: swift),

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
      name: "CohortSelectionTests",
      dependencies: ["CohortSelection", "CohortVectors", "CohortKernels", "CohortCore", "CohortTesting"],
      swiftSettings: swift),
    .testTarget(
      name: "CohortDrawingTests", dependencies: ["CohortDrawing", "CohortCore", "CohortTesting"],
      swiftSettings: swift),
    .testTarget(
      name: "CohortMappingTests",
      dependencies: ["CohortMapping", "CohortVectors", "CohortKernels", "CohortCore", "CohortTesting"],
      swiftSettings: swift),
    .testTarget(
      name: "CohortSearchTests", dependencies: ["CohortSearch", "CohortTesting"], swiftSettings: swift),
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
        "CohortCatalog", "CohortClustering", "CohortSearch", "CohortStore", "CohortSystem", "CohortTables",
        "CohortCore", "CohortTesting",
        .product(name: "GRDB", package: "GRDB.swift"),
      ], swiftSettings: swift),
    .testTarget(
      name: "CohortReadingTests",
      dependencies: [
        "CohortSystem", "CohortReading", "CohortStore", "CohortPlanning", "CohortCore", "CohortTesting", "ForkSupport",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "CohortTablesTests",
      dependencies: [
        "CohortTables", "CohortCatalog", "CohortReading", "CohortStore", "CohortPlanning", "CohortCore",
        "CohortTesting", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"), "CohortSystem",
      ], swiftSettings: swift),
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
        "CohortActions", "CohortCatalog", "CohortTrainer", "CohortPipeline", "CohortReading", "CohortStore",
        "CohortIngestion", "CohortPlanning", "CohortClustering", "CohortEmbedding", "CohortLMDB", "CohortCore",
        "CohortTesting",
      ], swiftSettings: swift),
    .testTarget(
      name: "CohortActionsTests",
      dependencies: [
        "CohortActions", "CohortPipeline", "CohortStore", "CohortIngestion", "CohortCore", "CohortTesting",
      ],
      swiftSettings: swift),
    // The HTTP interface over real sockets, with well-behaved and hostile clients.
    .testTarget(
      name: "CohortServerTests",
      dependencies: [
        "CohortServer", "CohortActions", "CohortPipeline", "CohortIngestion", "CohortStore", "CohortSystem",
        "CohortCore", "CohortTesting", .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: swift),
    // A program in C that uses all of the library.
    .executableTarget(
      name: "library-program", dependencies: ["CCohort", "CohortLibrary"], path: "Tests/LibraryProgram"),
    // The real executables, run as a user runs them: contract, kills, bad input.
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "CohortSystem", "cohort", "cohortd", "CohortDaemon", "CohortCatalog", "CohortStore", "CohortLMDB", "CohortCore",
        "CohortPipeline", "CohortActions", "CohortTesting", "HostileServers",
      ],
      exclude: ["Fixtures"], swiftSettings: swift),
  ],
  cxxLanguageStandard: .cxx17
)
