// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "map-drawing-bench",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Cohort", path: "../../..")],
  targets: [
    .executableTarget(
      name: "map-drawing-bench", dependencies: [.product(name: "CohortDrawing", package: "Cohort")])
  ]
)
