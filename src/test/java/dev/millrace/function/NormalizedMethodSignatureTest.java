package dev.millrace.function;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NormalizedMethodSignatureTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "/repo/v1/entity/syn123/bundle2               | /entity/#/bundle2",
                "/repo/v1/entity/123/version/4                | /entity/#/version/#",
                "/repo/v1/ENTITY/SYN123                       | /entity/#",
                "/repo/v1/entity/%73yn123                     | /entity/#",
                "/file/v1/fileHandle/fh99/url                 | /filehandle/#/url",
                "/repo/v1/entity/synapse                      | /entity/synapse",
                "/repo/v1/entity/syn                          | /entity/syn",
                "/repo/v1/entity/syn12x                       | /entity/syn12x",
                "/repo/v1/entity/xsyn12                       | /entity/xsyn12",
                "/repo/v1/entity/syn12.3                      | /entity/#",
                "/repo/v1/table/12a-b_c/rows                  | /table/#/rows",
                "/repo/v1/v1/entity/1                         | /v1/entity/#",
                "/v10/entity/1                                | #/entity/#",
                "/repo/v1                                     | ~~",
                "/repo/v1/                                    | /",
                "/repo/v1//1//2/                              | //#//#/",
                // Names and hashes look like anything.
                "/repo/v1/entity/md5/ab/cd                    | /entity/md5/#",
                "/repo/v1/entity/md5                          | /entity/md5/#",
                "/repo/v1/evaluation/name/My%20challenge      | /evaluation/name/#",
                "/repo/v1/entity/alias/x;y/1                  | /entity/alias/#",
                "/repo/v1/x/entity/md5/1                      | /x/entity/md5/#",
                "/auth/v1/2fa/token                           | /2fa/token",
                "/auth/v1/2FA/a-b;c/1?                        | /2fa/a-b;c/1?",
                "/repo/v1/user/bundle/33                      | /user/bundle",
                "/repo/v1/objects/1/access/2                  | /objects/#/access/#",
                "/repo/v1/entity/syn1/access/                 | /objects/#/access/#",
                "/repo/v1/entity/syn1/access                  | /entity/#/access",
                "/repo/v1/schema/type/registered/org-a.b-1.0  | /schema/type/registered/#",
                "/repo/v1/2/schema/type/registered/           | /schema/type/registered/#",
                "/repo/v1/schema/type/registered              | /schema/type/registered",
                // The first rule wins.
                "/repo/v1/entity/md5/access/1                 | /entity/md5/#",
                "/auth/v1/2fa/access/1                        | /2fa/access/1",
                "/repo/v1/access/schema/type/registered/x     | /objects/#/access/#",
                // What is no letter, digit or _.
                "/repo/v1/entity/syn1;jsessionid=a.b/bundle   | /entity/#/bundle",
                "/repo/v1/a;b;c/d;e                           | /a/d",
                "/repo/v1/;x/1                                | //#",
                "/repo/v1/entity/syn1?mask=1&x                | /entity/syn1mask1x",
                "/repo/v1/a+b-c:d@e                           | /abcde",
                "/repo/v1/-1                                  | /#",
                "/repo/v1/%zz/%41                             | /zz/a",
                "/repo/v1/%FF                                 | /",
                "/repo/v1/sch%C3%B6n_%E5%A4%AA%E9%83%8E       | /schön_太郎",
                "/repo/v1/\u0663abc/syn\u0664                 | /#/#",
                "/repo/v1/\u00B2x                             | /x",
                "/repo/v1/\uD83D\uDE00/\uD835\uDFD8x          | //#",
                "/repo/v1/e nt ity/ 1                         | /entity/#",
                "/repo/v%31/entity/7                          | /entity/#",
                "/repo/ v 1/entity/7                          | /entity/#",
                "/health                                      | INVALID URL",
                "~~                                           | INVALID URL",
            })
    void leavesOutIds(String url, String path) {
        assertThat(new NormalizedMethodSignature().call("GET", url)).isEqualTo("GET " + path);
    }

    @Test
    void isNullWithoutMethodOrUrl() {
        assertThat(new NormalizedMethodSignature().call("GET", null)).isNull();
        assertThat(new NormalizedMethodSignature().call(null, "/repo/v1/version"))
                .isNull();
    }
}
