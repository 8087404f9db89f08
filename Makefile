# The front door. CMake does the work; see CMakeLists.txt.
BUILD ?= build
PREFIX ?= /usr/local

all:
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(CMAKE_ARGS) >/dev/null
	@cmake --build $(BUILD)

deps:
	@scripts/deps.sh

demo: deps all
	@scripts/demo.sh $(BUILD)/busbar

test: deps
	@scripts/test.sh

check: all
	@scripts/test.sh checks

bench: deps all
	@bench/run.sh $(BUILD)/busbar

install: all
	@cmake --install $(BUILD)

format:
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build build-asan build-tsan build-fuzz demo

.PHONY: all deps demo test check bench install format clean
