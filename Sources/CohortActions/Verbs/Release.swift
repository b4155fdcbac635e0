/// This release of Cohort.
public enum Release {
  public static let version = "0.1.0"
}
