"""The load of `benchmarks.rating_load` on two other sites for annotation: Potato and Label Studio.

    python -m benchmarks.peers potato
    python -m benchmarks.peers label-studio --database postgres://postgres@127.0.0.1:5432/postgres

Label Studio needs a PostgreSQL on this machine whose role may make databases and read the server's files.
Each site gets a virtual environment of its own below /tmp/peers, with the versions named in its module, from
the package index; to install anew, delete it. Everything else (database, files, server) is made for one run
and removed after it. Traffic goes to 127.0.0.1 only, and what the sites send home is off by their settings.

20 annotators without think time, with a connection each that stays open as long as the site lets it, are a
process of their own. Each joins once and rates pictures (2,000, each for 3 people) by one question with five
answers. A rating's time is from sending the answer until the next item is there. What a page loads or tells
besides is left out: its scripts, its pictures, its reports of clicks. 15 seconds are measured, from when
everybody has rated once. A rating belongs to them if it ends in them: where one takes seconds, few do both.
CPU is that of the site's processes and of PostgreSQL's, which has to do nothing else, for each of these.
`stored` is counted in the site's own database or files, once all annotators have stopped.

What was chosen, where the sites' documentation leaves a choice, is for their benefit:

- **Potato**: gunicorn with one process and 8 threads, as its Docker image starts it; it keeps its state in
  memory and refuses more processes. `--own-server` measures `potato start`: Werkzeug, which makes a
  connection for every request. People log in by name alone. With `fixed_order` and a limit for each annotator
  everything is assigned at login; its default, `random`, walks over all items for every rating, at a tenth
  more CPU. A rating is POST /updateinstance, POST /annotate (`next_instance`) and GET /annotate. Its page in
  a browser sends the answer twice (at the click, and at "Next") and asks for a dozen things more. Sometimes a
  page fails, when one thread walks over a list that another changes; it is loaded again, as a person would.
- **Label Studio**: uWSGI with 4 processes, as its Docker image starts it, and DEBUG off. The image's nginx is
  left out; uWSGI's own HTTP router keeps the connections. `--own-server` measures `label-studio start`, which
  is Django's runserver with threads. People sign up, and have the session and the CSRF token of its pages.
  Sampling is its default, "Sequential". A rating is POST /api/tasks/<id>/annotations/ and POST
  /api/dm/actions?id=next_task, as its label stream asks (GET /api/projects/<id>/next does the same, and costs
  the same). Its page in a browser asks for one or two things more for each item.

Prints a table and, as its last line, one JSON object: rating_load's keys, `name`, `version`, and
`reloads`, the pages that were loaded again after the site had failed to make them.
"""
