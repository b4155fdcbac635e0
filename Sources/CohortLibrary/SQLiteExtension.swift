internal import CohortTables

/// What SQLite calls when it loads `libcohort.so`: the name follows from the file's. `connection` is a `sqlite3 *`, `routines`
/// a `const sqlite3_api_routines *`.
@c(sqlite3_cohort_init)
public func initializeSQLiteExtension(
  _ connection: OpaquePointer?, _ message: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ routines: OpaquePointer?
) -> Int32 {
  StoreExtension.load(connection, message, routines)
}
