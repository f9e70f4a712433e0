# `make help` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
KEPT := _build/test-store/results.json
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
export JUPYTER_PLATFORM_DIRS := 1
# Builds and tests start hundreds of processes: modules are compiled once, also where a machine says
# that compiled ones are not to be kept.
unexport PYTHONDONTWRITEBYTECODE
# Processes work beside each other, one for each core: threads of one more would wait for each other.
book unit site notebooks: export OPENBLAS_NUM_THREADS := 1

.PHONY: help book test lint unit check notebooks site browser pdf audit data words picture bench bench-scale screen serve clean site-version

help: ## what there is, with the usual minutes on two cores
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 ..."; exit 2; }
	$(PYTHON) -m venv .venv
	@echo "installing what requirements.txt pins (one to three minutes)"
	@# what is imported is compiled then: all of it would take half as long again
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

book: $(READY) ## build the site into _build/html (1 to 2 minutes, first time 3)
	$(BIN)/python -m livingreview build

test: lint unit check site notebooks browser ## everything that the integration runs (14 to 16 minutes)

lint: $(READY) ## style of the code (seconds)
	$(BIN)/ruff check livingreview tests

# The results of the data are computed once, by all cores: where a build finds them, and both halves of
# the tests.
$(KEPT): $(READY) $(shell find data livingreview -type f -not -name '*.pyc')
	LIVINGREVIEW_STORE=$(CURDIR)/_build/store $(BIN)/python -m livingreview results --out $@
	@cp -r _build/store/data _build/store/results _build/test-store
	@touch $@

unit: $(KEPT) ## unit tests: statistics, data, effects, results, views, surveillance (7 to 9 minutes)
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup --no-loadscope-reorder --durations 20 \
	  tests --ignore tests/site

check: $(READY) ## validate the data (seconds)
	$(BIN)/python -m livingreview check --no-warnings

notebooks: $(READY) ## execute the notebooks again and compare their outputs (1 minute)
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup --no-loadscope-reorder tests/site/test_notebooks.py

site: book ## strict build, then links and statements of the built site, its Chinese, and that nothing is lost (2 to 3 minutes)
	$(BIN)/python -m pytest -q -n 2 tests/site/test_links.py tests/site/test_statements.py tests/site/test_nothing_lost.py tests/site/test_chinese.py

browser: $(READY) ## the built site in Chromium, and a reader's budgets (3 to 5 minutes)
	@test -n "$(CHROMIUM)" || { echo "The browser tests need Chromium: apt-get install -y chromium"; exit 1; }
	CHROMIUM=$(CHROMIUM) $(BIN)/python -m pytest -q -n 3 tests/site/test_browser.py tests/site/test_frame.py tests/site/test_recompute_browser.py tests/site/test_pdf_browser.py tests/site/test_budgets.py tests/site/test_accessible.py tests/site/test_policy.py tests/site/test_screen_browser.py

pdf: $(READY) ## print the built site with Chromium into _build/pdf: each chapter, and the book (3 minutes)
	CHROMIUM=$(CHROMIUM) $(BIN)/python -m livingreview pdf

LIGHTHOUSE := 13.5.0
audit: book ## Lighthouse on four pages, and axe-core on every page (needs npm)
	@test -n "$(CHROMIUM)" || { echo "The audit needs Chromium: apt-get install -y chromium"; exit 1; }
	@grep -qs '"version": "$(LIGHTHOUSE)"' _build/audit/node_modules/lighthouse/package.json || \
	  npm install --silent --no-audit --no-fund --prefix _build/audit lighthouse@$(LIGHTHOUSE)
	CHROMIUM=$(CHROMIUM) $(BIN)/python tests/site/audit.py

data: $(READY) ## write data/datapackage.json and data/codebook.csv from the table declarations
	$(BIN)/python -m livingreview describe

WORDS := livingreview/render
TEMPLATES := $(WORDS)/templates livingreview/site/theme livingreview/surveillance/page
words: $(READY) ## list the messages of templates and prose, and bring the catalogues of languages up to date (1 minute)
	$(BIN)/pybabel -q extract -F $(WORDS)/babel.cfg --omit-header --sort-by-file --no-wrap \
	  --add-location=file -o $(WORDS)/locale/livingreview.pot $(TEMPLATES)
	@for language in $$(cd $(WORDS)/locale && ls -d */LC_MESSAGES 2>/dev/null | xargs -r dirname); do \
	  $(BIN)/pybabel -q update -D livingreview -i $(WORDS)/locale/livingreview.pot \
	    -d $(WORDS)/locale -l $$language --no-wrap --no-fuzzy-matching; done
	$(BIN)/python -m livingreview.site.book build . --path-output _build/words --builder custom --custom-builder gettext
	@for file in book/locale/*/LC_MESSAGES/*.po; do domain=$$(basename $$file .po); \
	  pot=_build/words/_build/gettext/$$domain.pot; test ! -f $$pot || test $$domain = sphinx || \
	  { sed -i -E '/^#: /s@(\.\./)+|:[0-9]+@@g' $$pot; \
	  $(BIN)/pybabel -q update --ignore-pot-creation-date -D $$domain -i $$pot -o $$file \
	    -l $$(basename $$(dirname $$(dirname $$file))) --no-wrap --no-fuzzy-matching; }; done

picture: $(READY) ## draw the README's picture from the data
	$(BIN)/python -m livingreview.site.picture book/_static/knee-pain-forest.svg

site-version: $(READY) ## build the site of a tagged version: make site-version VERSION=2026.11.0
	@test -n "$(VERSION)" || { echo "say which: make site-version VERSION=2026.11.0"; exit 2; }
	$(BIN)/python -m livingreview site-version $(VERSION)

bench: $(READY) ## speed of the core beside other engines, and of builds (5 minutes)
	@test -x _build/bench/bin/python || $(PYTHON) -m venv _build/bench
	@grep -v '^#' bench/requirements.txt | while read pin; do \
	  _build/bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps "$$pin" || \
	  echo "$$pin cannot be installed and is left out"; done
	_build/bench/bin/python bench/bench.py
	$(BIN)/python bench/build.py

bench-scale: $(READY) ## results of a synthetic collection of 1,000 reviews (14 minutes)
	$(BIN)/python bench/scale.py

screen: $(READY) ## decide on what searches found, on a page of this machine (until it is stopped)
	$(BIN)/python -m livingreview screen

serve: ## show the built site on this machine
	$(PYTHON) -m http.server --bind 127.0.0.1 --directory _build/html 8000

clean: ## remove what was built and installed
	rm -rf _build .venv
