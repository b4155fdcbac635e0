/// Which release of Cohort this is.
public enum Release {
  /// Semantic version, as `--version` prints it.
  public static let version = "0.1.0"
}
