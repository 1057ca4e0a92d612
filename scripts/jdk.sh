# To be sourced: finds a JDK 17 and tells in one line what is missing. Sets JAVA_HOME, which Maven follows too.

# The version of the JDK at a home, as in 17 or 1.8, without starting it where possible.
java_version() {
  local version=""
  if [[ -f $1/release ]]; then
    version=$(sed -n 's/^JAVA_VERSION="\(.*\)"/\1/p' "$1/release")
  fi
  if [[ -z $version ]]; then
    version=$("$1/bin/java" -version 2>&1 | sed -n 's/.*version "\([^"]*\)".*/\1/p' | head -n 1) || true
  fi
  case $version in
    1.*) version=${version#1.} ;;
  esac
  echo "${version%%[.+-]*}"
}

# The home of a java command: its links followed, bin/java taken away.
java_home_of() {
  local file=$1 target
  while [[ -L $file ]]; do
    target=$(readlink "$file")
    case $target in
      /*) file=$target ;;
      *) file=$(dirname "$file")/$target ;;
    esac
  done
  (cd "$(dirname "$file")/.." 2>/dev/null && pwd -P)
}

# find_jdk PROGRAM: exports JAVA_HOME of a JDK 17, from JAVA_HOME, then PATH, then macOS's registry; else exits with 2.
find_jdk() {
  local found="" place version home
  if [[ -n ${JAVA_HOME:-} && -x $JAVA_HOME/bin/java ]]; then
    version=$(java_version "$JAVA_HOME")
    [[ $version == 17 ]] && { export JAVA_HOME; return 0; }
    found="found ${version:-an unknown version} at $JAVA_HOME/bin/java"
  elif [[ -n ${JAVA_HOME:-} ]]; then
    found="no java at JAVA_HOME=$JAVA_HOME"
  fi
  if place=$(command -v java); then
    home=$(java_home_of "$place")
    if [[ -x $home/bin/java ]]; then
      version=$(java_version "$home")
    else
      version=""
    fi
    if [[ $version != 17 ]]; then
      # Version managers put a script in front: it knows which one it would start.
      home=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p') || true
      [[ -n $home && -x $home/bin/java ]] && version=$(java_version "$home")
    fi
    [[ $version == 17 ]] && { export JAVA_HOME=$home; return 0; }
    found=${found:-"found ${version:-an unknown version} at $place"}
  fi
  if [[ -x /usr/libexec/java_home ]] && home=$(/usr/libexec/java_home -F -v 17 2>/dev/null); then
    [[ $(java_version "$home") == 17 ]] && { export JAVA_HOME=$home; return 0; }
  fi
  echo "$1: needs a JDK 17: ${found:-found no java}; set JAVA_HOME or install one (for example: apt-get install openjdk-17-jdk)" >&2
  exit 2
}

# find_build_tools PROGRAM: what compiling needs beside a Java that runs.
find_build_tools() {
  if [[ ! -x $JAVA_HOME/bin/javac ]]; then
    echo "$1: needs a JDK 17 to build: found only a runtime at $JAVA_HOME; install one (for example: apt-get install openjdk-17-jdk)" >&2
    exit 2
  fi
  if ! command -v mvn >/dev/null; then
    echo "$1: needs Maven to build: found no mvn on PATH; install it (for example: apt-get install maven)" >&2
    exit 2
  fi
}
