import CohortDaemon

DaemonProgram.main()
