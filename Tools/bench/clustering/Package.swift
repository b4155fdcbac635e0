// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "clustering-bench",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Cohort", path: "../../..")],
  targets: [
    .executableTarget(
      name: "clustering-bench", dependencies: [.product(name: "CohortClustering", package: "Cohort")])
  ]
)
