// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "text-encoding",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Cohort", path: "../../..")],
  targets: [
    .executableTarget(name: "text-encoding", dependencies: [.product(name: "CohortEmbedding", package: "Cohort")])
  ]
)
