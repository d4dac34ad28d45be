# Two commands do everything: `make demo` runs the main job, `make test` passes the tests.
# Both install what they need first (Debian packages, virtual environment) and are fast when run again.

BIN := .venv/bin

.PHONY: demo test setup lint unit format clean

demo:
	@scripts/setup.sh demo
	$(BIN)/hilbench run suites/demo.toml --out runs/demo
	$(BIN)/hilbench report runs/demo --out reports/demo.html

test: setup lint unit

setup:
	@scripts/setup.sh test

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	git ls-files 'firmware/*.c' 'firmware/*.h' | xargs $(BIN)/clang-format --dry-run --Werror

unit:
	$(BIN)/pytest -n 2 --dist worksteal -q

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	git ls-files 'firmware/*.c' 'firmware/*.h' | xargs $(BIN)/clang-format -i

clean:
	rm -rf runs reports/*.html .pytest_cache .mypy_cache .ruff_cache
