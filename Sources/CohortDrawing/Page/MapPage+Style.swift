extension MapPage {
  static let style = """

    :root { --ground: #fff; --ink: #222; --faint: #666; --line: #ddd; --accent: #0e4eb1; color-scheme: light }
    :root[data-theme=dark] { --ground: #16181c; --ink: #e4e4e4; --faint: #a0a0a0; --line: #383b42; --accent: #7db4ff;
      color-scheme: dark }
    * { box-sizing: border-box }
    body { margin: 0; overflow: hidden; display: flex; height: 100vh; font: 14px/1.45 system-ui, sans-serif; color: var(--ink);
      background: var(--ground) }
    main { position: relative; flex: 1; min-width: 0; min-height: 0; overflow: hidden }
    canvas { position: absolute; inset: 0; width: 100%; height: 100% }
    #marks { touch-action: none; cursor: crosshair } #marks.moving { cursor: grabbing }
    #marks:focus-visible { outline: 3px solid var(--accent); outline-offset: -3px }
    #loading, noscript p { position: absolute; left: 1rem; top: 1rem; margin: 0 }
    aside { position: relative; width: 19rem; padding: 1rem;
      overflow-y: auto; border-left: 1px solid var(--line); overflow-wrap: anywhere }
    h1 { font-size: 1.1rem; margin: 0 } p { margin: .3rem 0 .8rem } #count, #help, #notes, #found, .rest {
      color: var(--faint) }
    #found:empty { margin: 0 } #said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
    label { display: block; color: var(--faint) }
    input, select { display: block; width: 100%; font: inherit; padding: .3rem .5rem; margin: .2rem 0 .6rem }
    button { font: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: 4px;
      padding: .2rem .5rem; cursor: pointer }
    button:hover { border-color: var(--faint) } button[aria-pressed=true] { border-color: var(--accent) }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
    #results { list-style: none; margin: 0 0 .8rem; padding: 0; max-height: 14rem; overflow-y: auto }
    #results button, #legend button { display: flex; gap: .5rem; width: 100%; border: 0; border-radius: 3px;
      padding: .15rem .3rem; text-align: left }
    #results button:hover, #legend button:hover { background: var(--line) }
    #results b, #card b { flex: none } #results b { font-weight: 400; color: var(--faint) }
    #results span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
    #legend { max-height: 40vh; overflow-y: auto; margin-bottom: .8rem }
    #legend button span { flex: 1; unicode-bidi: isolate } #legend button small { color: var(--faint) }
    #legend.picked button[aria-pressed=false] { opacity: .45 }
    i.swatch { flex: none; width: .85rem; height: .85rem; border-radius: 50%; margin-top: .2rem }
    #ramp { height: .9rem; border-radius: 3px } .ticks { display: flex; justify-content: space-between;
      color: var(--faint); font-size: .8rem }
    .tools { display: flex; flex-wrap: wrap; gap: .4rem }
    #card { position: absolute; left: 0; top: 0; max-width: 26rem; padding: .5rem .7rem; border: 1px solid var(--line);
      border-radius: 6px;
      background: var(--ground); box-shadow: 0 2px 10px #0003; pointer-events: none; overflow-wrap: anywhere }
    #card.kept { pointer-events: auto; border-color: var(--accent) } #card div { display: flex; gap: .4rem;
      unicode-bidi: isolate }
    #card b { color: var(--faint); font-weight: 400 } #card p { margin: .4rem 0 0; white-space: pre-line;
      unicode-bidi: isolate }
    @media (max-width: 640px) { body { flex-direction: column } aside { width: auto; height: 40vh; border: 0;
      border-top: 1px solid var(--line) } }

    """
}
