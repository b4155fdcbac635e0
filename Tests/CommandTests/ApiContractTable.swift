extension ApiContractTests {
  private static let slot = ["grouping": "tasks"]
  private static let group = ["grouping": "tasks", "group": "0"]

  /// Each operation of the OpenAPI document at least once, as it is meant, in an order in which it can succeed: the store
  /// has 300 samples, a grouping `tasks`, a snapshot `monday` and a plan `first`.
  static let calls: [Call] = [
    Call("GET", "//healthz"), Call("GET", "//readyz"), Call("GET", "//metrics"), Call("GET", "//openapi.json"),
    Call("GET", "//v1/stores"), Call("GET", ""),
    Call("GET", "/log", query: "from=1&last=3&kind=ingest"),

    Call(
      "POST", "/samples", query: "source=extra&task_field=kind", body: PipelineTests.lines(5, from: 900), type: ndjson),
    Call("GET", "/samples", query: "task=sum&after=10&limit=5"),
    Call("GET", "/samples/{id}", ["id": "17"]),
    Call("GET", "/samples/{id}", ["id": "17"], query: "plan=first&epoch=1"),
    Call("GET", "/samples/{id}", ["id": "17"], query: "everything=true"),
    Call("POST", "/samples/relabel", body: #"{"ids":[3],"to_task":"poem","set":{"checked":true},"reason":"a test"}"#),
    Call("DELETE", "/samples", body: #"{"ids":[4],"reason":"a test"}"#),

    Call("GET", "/groupings"),
    Call("POST", "/groupings", body: #"{"name":"lengths","by":"length","edges":[20,60]}"#, status: 201),
    Call("POST", "/update", body: #"{"grouping":"lengths"}"#), Call("POST", "/update", body: "{}"),
    Call("GET", "/groupings/{grouping}/groups", slot, query: "sort=size"),
    Call("GET", "/groupings/{grouping}/groups/{group}", group, query: "samples=2&history=true"),
    Call("GET", "/groupings/{grouping}/groups/{group}/history", group),

    Call("GET", "/compare", query: "first=tasks&second=tasks@monday&cells=2"),
    Call("GET", "/lengths"), Call("POST", "/lengths", body: #"{"name":"words","unit":"words"}"#, status: 201),
    Call("DELETE", "/lengths/{measure}", ["measure": "words"]),

    Call("GET", "/spaces"), Call("POST", "/spaces", body: #"{"name":"texts"}"#, status: 201),
    Call("GET", "/spaces/{space}", ["space": "texts"]), Call("POST", "/spaces/{space}/default", ["space": "texts"]),
    Call("POST", "/embed", body: #"{"space":"texts"}"#),
    Call("POST", "/groupings", body: #"{"name":"topics","by":"embedding","groups":4,"space":"texts"}"#, status: 201),
    Call("POST", "/groupings/{grouping}/refine", ["grouping": "topics"], body: #"{"passes":1}"#),
    Call("POST", "/search", body: #"{"query":"\"number 17\" OR a:b C++","limit":3}"#),
    Call("POST", "/near", body: #"{"id":17,"k":3}"#),
    Call("POST", "/duplicates", body: #"{"threshold":0.9,"within":"topics","limit":5}"#),
    Call("POST", "/near", body: #"{"text":"a poem","grouping":"topics","check":true}"#),
    Call("GET", "/models"), Call("GET", "/models/{model}", ["model": "minilm-l6-256"]),

    Call("GET", "/snapshots"),
    Call("POST", "/snapshots", body: #"{"name":"tuesday","grouping":["tasks"]}"#, status: 201),
    Call(
      "POST", "/selections", body: #"{"name":"core","snapshot":"tuesday","method":"random","count":20}"#, status: 201),
    Call("GET", "/selections"), Call("GET", "/selections/{selection}", ["selection": "core"]),
    Call("GET", "/selections/{selection}/rows", ["selection": "core"]),
    Call(
      "POST", "/selections/{selection}/grow", ["selection": "core"],
      body: #"{"snapshot":"tuesday","name":"more","count":30}"#, status: 201),
    Call("GET", "/selections/{selection}/comparison", ["selection": "core"], query: "with=more"),
    Call(
      "POST", "/splits",
      body: #"{"name":"run","snapshot":"tuesday","fraction":0.3,"grouping":"tasks","space":"texts","apart":0.9999}"#,
      status: 201),
    Call("GET", "/sweeps", query: "snapshot=tuesday&methods=random&fractions=0.1&seeds=1&draws=2"),
    Call("DELETE", "/selections/{selection}", ["selection": "more"]),
    Call("DELETE", "/selections/{selection}", ["selection": "core"]),
    Call("DELETE", "/selections/{selection}", ["selection": "run.train"]),
    Call("DELETE", "/selections/{selection}", ["selection": "run.validation"]),
    Call("POST", "/maps", body: #"{"name":"overview","grouping":"topics"}"#, status: 201),
    Call("GET", "/maps"), Call("GET", "/maps/{map}", ["map": "overview"]),
    Call("GET", "/maps/{map}/places", ["map": "overview"]),
    Call("POST", "/maps/{map}/update", ["map": "overview"], body: #"{"tail":true}"#),
    Call("GET", "/maps/{map}/drawing", ["map": "overview"], query: "colour=task&label=terms"),
    Call(
      "GET", "/maps/{map}/drawing", ["map": "overview"],
      query: "form=png&colour=age&width=400&height=320&theme=dark"),
    Call("GET", "/maps/{map}/drawing", ["map": "overview"], query: "form=svg"),
    Call("POST", "/maps/{map}/refit", ["map": "overview"]), Call("DELETE", "/maps/{map}", ["map": "overview"]),
    Call("GET", "/plans"),
    Call(
      "POST", "/plans", body: #"{"name":"second","snapshot":"tuesday","grouping":"tasks","batch_size":8,"seed":3}"#,
      status: 201),
    Call("GET", "/plans/{plan}/steps", ["plan": "first"], query: "epoch=1&from=0&to=2&rank=0&world=2"),
    Call("GET", "/plans/{plan}/steps", ["plan": "first"], query: "from=3&to=4&text=true"),
    Call("GET", "/plans/{plan}/samples/{id}", ["plan": "first", "id": "17"], query: "epoch=1&world=2&accumulate=2"),
    Call("GET", "/plans/{plan}/digest", ["plan": "first"], query: "epochs=1"),
    Call("POST", "/train", body: #"{"plan":"second","epochs":1,"run":"trial"}"#),
    Call("GET", "/runs"), Call("GET", "/runs/{run}", ["run": "trial"]),
    Call(
      "POST", "/runs/{run}/notes", ["run": "far"],
      body: #"{"plan":"first","epoch":0,"step":2,"steps":2,"samples":16,"tokens":90}"#),

    Call("POST", "/sql", body: #"{"sql":"SELECT name, inserted FROM sources","limit":10,"timeout":5}"#),
    Call("POST", "/catalog/rebuild", body: "{}"), Call("POST", "/compact", body: #"{"level":3}"#),
    Call("POST", "/queries", body: #"{"name":"kinds","sql":"SELECT kind FROM log LIMIT :n"}"#, status: 201),
    Call("GET", "/queries"),
    Call("POST", "/queries/{query}/run", ["query": "kinds"], body: #"{"params":{"n":2},"limit":10}"#),
    Call("DELETE", "/queries/{query}", ["query": "kinds"]),

    Call("POST", "/update", body: "{}", headers: ["Prefer": "respond-async"], status: 202),
    Call("GET", "/jobs"), Call("GET", "/jobs/{job}", ["job": "JOB"]), Call("DELETE", "/jobs/{job}", ["job": "JOB"]),
    Call("GET", "/events", query: "since=0").streaming,

    // Rows in their other forms.
    Call("GET", "/samples", query: "limit=3", headers: ["Accept": "application/x-ndjson"]),
    Call("GET", "/samples", query: "limit=3", headers: ["Accept": "text/csv"]),
    Call("POST", "/sql", body: #"{"sql":"SELECT kind FROM log"}"#, headers: ["Accept": "text/csv"]),

    Call("POST", "/spaces", body: #"{"name":"answers","text":"response"}"#, status: 201),
    Call("DELETE", "/spaces/{space}", ["space": "answers"]),
    Call("DELETE", "/groupings/{grouping}", ["grouping": "topics"]),
    Call("DELETE", "/plans/{plan}", ["plan": "second"]),
    Call("DELETE", "/snapshots/{snapshot}", ["snapshot": "tuesday"]),
  ]

  /// What is well-formed and cannot be.
  static let wrongCalls: [Call] = [
    Call("POST", "/samples", query: "layout=nonsense", body: "{}", type: ndjson, status: 400),
    Call("POST", "/samples", body: "{}", type: ndjson, headers: ["Content-Encoding": "br"], status: 415),
    Call("POST", "/samples", body: "{}", type: ndjson, headers: ["Content-Encoding": "gzip"], status: 422),
    Call("GET", "/events", query: "since=never", status: 422),
    Call("GET", "/samples/{id}", ["id": "99999"], status: 404),
    Call("GET", "/groupings/{grouping}/groups", ["grouping": "nothing"], status: 404),
    Call("GET", "/plans/{plan}/steps", ["plan": "nothing"], status: 404),
    Call("POST", "/groupings", body: #"{"name":"tasks","by":"task"}"#, status: 409),
    Call(
      "POST", "/plans", body: #"{"name":"first","snapshot":"monday","grouping":"tasks","batch_size":16}"#, status: 409),
    Call("POST", "/snapshots", body: #"{"name":"monday"}"#, status: 409),
    Call("DELETE", "/snapshots/{snapshot}", ["snapshot": "monday"], status: 409),
  ]

  private static let ndjson = "application/x-ndjson"
}

extension ApiContractTests.Call {
  /// The same, with an answer that has no end.
  fileprivate var streaming: Self {
    var call = self
    call.isStream = true
    return call
  }
}
