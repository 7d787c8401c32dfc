from tripsync.cli import main

raise SystemExit(main())
