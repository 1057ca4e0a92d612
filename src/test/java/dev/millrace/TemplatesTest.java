package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.testing.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.AbstractConstruct;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** CloudFormation's templates: well formed, and nobody in them has a right that its phases do not need. */
class TemplatesTest {
    private static final Path HOME = Path.of(System.getProperty("millrace.home"));
    private static final Path GLUE = HOME.resolve("conf/cloudformation/glue.yaml");
    private static final Path LINT = HOME.resolve("target/checks/bin/cfn-lint");

    /** What knows no resources. */
    private static final Set<String> WITHOUT_RESOURCES = Set.of(
            "cloudwatch:PutMetricData",
            "dynamodb:ListExports",
            "logs:DescribeLogGroups",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcEndpoints");

    /** A statement of a policy and the template's resource that it belongs to. */
    private record Statement(String owner, List<String> actions, List<String> resources) {}

    /** Takes {@code !Ref X} for {@code {Ref: X}}, and so for all others. */
    private static final class WithFunctions extends SafeConstructor {
        WithFunctions() {
            super(new LoaderOptions());
            yamlMultiConstructors.put("!", new AbstractConstruct() {
                @Override
                public Object construct(Node node) {
                    Object value = node instanceof ScalarNode scalar
                            ? scalar.getValue()
                            : node instanceof SequenceNode sequence
                                    ? constructSequence(sequence)
                                    : constructMapping((MappingNode) node);
                    return Map.of(node.getTag().getValue().substring(1), value);
                }
            });
        }
    }

    static List<Path> templates() {
        try (Stream<Path> files = Files.list(HOME.resolve("conf/cloudformation"))) {
            return files.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Templates of a job: they have its three roles. */
    static List<Path> ofJobs() {
        return templates().stream()
                .filter(file -> resources(file).containsKey("ExtractRole"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("templates")
    void cloudFormationTakesIt(Path template) {
        assumeTrue(Files.isExecutable(LINT), "cfn-lint is not installed: scripts/install-test-tools");
        Processes.Ended checked = Processes.run(new ProcessBuilder(LINT.toString(), template.toString()));
        assertThat(checked.output()).isEmpty();
        assertThat(checked.exitCode()).isZero();
    }

    @Test
    void thereIsOneForEachTarget() {
        assertThat(ofJobs())
                .extracting(file -> file.getFileName().toString())
                .contains("glue.yaml", "emr-serverless.yaml");
    }

    @ParameterizedTest
    @MethodSource("ofJobs")
    void noStatementAllowsAllActionsOrWithoutNeedAllResources(Path template) {
        List<Statement> statements = statements(template);
        assertThat(statements).hasSizeGreaterThan(8);
        for (Statement statement : statements) {
            assertThat(statement.actions())
                    .as(statement.toString())
                    .allMatch(action -> action.matches("[a-z0-9-]+:[A-Z]\\w+"));
            if (!WITHOUT_RESOURCES.containsAll(statement.actions())) {
                assertThat(statement.resources())
                        .as(statement.toString())
                        .isNotEmpty()
                        .doesNotContain("*");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("ofJobs")
    void whoReadsTheSourceCannotWriteTheWarehouseAndTheOtherWayRound(Path template) {
        assertThat(actions(template, "ExtractRole"))
                .contains("dynamodb:Scan", "dynamodb:DescribeTable")
                .doesNotContain("dynamodb:PutItem", "dynamodb:DeleteItem");
        assertThat(statements(template))
                .filteredOn(statement -> statement.owner().equals("ExtractRole")
                        && statement.actions().contains("secretsmanager:GetSecretValue"))
                .singleElement()
                .satisfies(statement -> assertThat(statement.resources()).containsExactly("{Ref=SpoolSecret}"));
        assertThat(statements(template))
                .filteredOn(statement -> statement.owner().equals("ExtractRole")
                        && statement.resources().toString().contains("LakeBucket"))
                .isNotEmpty()
                .allMatch(statement -> Set.of("s3:ListBucket", "s3:GetObject").containsAll(statement.actions()));
        assertThat(actions(template, "LakeRole"))
                .noneMatch(action -> action.startsWith("dynamodb:") || action.startsWith("secretsmanager:"));
        assertThat(resourcesOf(template, "LakeRole")).noneMatch(resource -> resource.contains("Source"));
        for (String role : List.of("ExtractRole", "LoadRole", "CommonPolicy")) {
            assertThat(actions(template, role)).noneMatch(action -> action.matches("glue:.*(Table|Database).*"));
        }
        assertThat(actions(template, "LoadRole"))
                .contains("secretsmanager:GetSecretValue")
                .noneMatch(action -> action.startsWith("dynamodb:"));
        assertThat(resourcesOf(template, "LoadRole"))
                .noneMatch(resource -> resource.contains("Source") || resource.contains("LakeBucket"));
        assertThat(actions(template, "CommonPolicy"))
                .noneMatch(action -> action.startsWith("dynamodb:") || action.startsWith("secretsmanager:"));
    }

    /** Else two environments of an account and region could not both be there. */
    @ParameterizedTest
    @MethodSource("ofJobs")
    void whatHasANameHasTheEnvironmentInIt(Path template) {
        List<String> names = new ArrayList<>();
        resources(template)
                .forEach((name, resource) -> Optional.ofNullable(resource.get("Properties"))
                        .map(TemplatesTest::map)
                        .orElse(Map.of())
                        .forEach((key, value) -> {
                            if (Set.of("Name", "StateMachineName", "QueueName", "AlarmName", "LogGroupName", "RoleName")
                                    .contains(key)) {
                                names.add(value.toString());
                            }
                        }));
        assertThat(names).hasSizeGreaterThan(6).allMatch(name -> name.contains("${Environment}"));
        assertThat(properties(resources(template).get("StateMachine"))
                        .get("DefinitionS3Location")
                        .toString())
                .contains("state-machines/${Environment}/${JobName}.json");
    }

    /** Rights that only some job files need are there where they are named, and with who reads the source alone. */
    @ParameterizedTest
    @MethodSource("ofJobs")
    void aSourcesRoleItsExportsAndSchemasElsewhereHaveRightsOfTheirOwn(Path template) {
        Map<String, Set<String>> rights = Map.of(
                "TakesRole", Set.of("sts:AssumeRole"),
                "HasSchemas", Set.of("s3:ListBucket", "s3:GetObject", "s3:PutObject"),
                "ReadsTable", Set.of("dynamodb:DescribeTable", "dynamodb:Scan"),
                "ReadsExport", Set.of("s3:ListBucket", "s3:GetObject"),
                "RequestsExport",
                        Set.of(
                                "dynamodb:DescribeTable",
                                "dynamodb:ExportTableToPointInTime",
                                "dynamodb:DescribeExport",
                                "dynamodb:ListExports",
                                "s3:PutObject",
                                "s3:PutObjectAcl",
                                "s3:AbortMultipartUpload"));
        rights.forEach((condition, actions) -> {
            List<Map<String, Object>> policies = resources(template).values().stream()
                    .filter(resource -> condition.equals(resource.get("Condition")))
                    .toList();
            assertThat(policies).as(condition).hasSize(1);
            Map<String, Object> policy = properties(policies.get(0));
            assertThat(policy.get("Roles").toString()).isEqualTo("[{Ref=ExtractRole}]");
            Set<String> allowed = new TreeSet<>();
            for (Object statement : list(map(policy.get("PolicyDocument")).get("Statement"))) {
                list(map(statement).get("Action")).forEach(action -> allowed.add(action.toString()));
            }
            assertThat(allowed).as(condition).isEqualTo(actions);
        });
    }

    /** Its table is not named then, and the export has to be read all the same. */
    @ParameterizedTest
    @MethodSource("ofJobs")
    void anExportIsReadAlsoWhereASourcesRoleHasRequestedIt(Path template) {
        assertThat(conditions(template).get("ReadsExport").toString())
                .isEqualTo("{Not=[{Equals=[{Ref=ExportBucket}, ]}]}");
    }

    /** What killed processes leave is removed by the next run. */
    @ParameterizedTest
    @MethodSource("ofJobs")
    void allFindUploadsThatWereLeftUnfinishedInTheStagingBucket(Path template) {
        assertThat(statements(template)).anySatisfy(statement -> {
            assertThat(statement.owner()).isEqualTo("CommonPolicy");
            assertThat(statement.actions()).containsExactlyInAnyOrder("s3:ListBucket", "s3:ListBucketMultipartUploads");
            assertThat(statement.resources()).containsExactly("{Sub=arn:${AWS::Partition}:s3:::${StagingBucket}}");
        });
    }

    /** And it cannot drop a table, nor see another database. */
    @ParameterizedTest
    @MethodSource("ofJobs")
    void whoPublishesRegistersTablesOfOneDatabaseAndOnlyWhereOneIsNamed(Path template) {
        assertThat(resources(template).get("RegisterTablesPolicy")).containsEntry("Condition", "Registers");
        List<Statement> ofTheCatalog = statements(template).stream()
                .filter(statement -> statement.actions().contains("glue:CreateTable"))
                .toList();
        assertThat(ofTheCatalog).hasSize(1);
        assertThat(ofTheCatalog.get(0).owner()).isEqualTo("LakeRole");
        assertThat(ofTheCatalog.get(0).actions())
                .containsExactlyInAnyOrder(
                        "glue:GetDatabase",
                        "glue:CreateDatabase",
                        "glue:GetTable",
                        "glue:CreateTable",
                        "glue:UpdateTable");
        String account = "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:";
        assertThat(ofTheCatalog.get(0).resources())
                .containsExactly(
                        "{Sub=" + account + "catalog}",
                        "{Sub=" + account + "database/${CatalogDatabase}}",
                        "{Sub=" + account + "table/${CatalogDatabase}/*}");
    }

    @ParameterizedTest
    @MethodSource("ofJobs")
    void allMayUseTheOneKeyOfTheBucketsWhereOneIsNamed(Path template) {
        Map<String, Object> policy = resources(template).get("UseKeyPolicy");
        assertThat(policy).containsEntry("Condition", "HasKey");
        assertThat(properties(policy).get("Roles").toString())
                .isEqualTo("[{Ref=ExtractRole}, {Ref=LakeRole}, {Ref=LoadRole}]");
        assertThat(statements(template).stream()
                        .filter(statement ->
                                statement.actions().stream().anyMatch(action -> action.startsWith("kms:"))))
                .isNotEmpty()
                .allSatisfy(statement -> {
                    assertThat(statement.actions()).containsExactlyInAnyOrder("kms:GenerateDataKey", "kms:Decrypt");
                    assertThat(statement.resources()).containsExactly("{Ref=KmsKey}");
                });
    }

    @ParameterizedTest
    @MethodSource("ofJobs")
    void onlyTheServiceItselfInTheAccountTakesARole(Path template) {
        resources(template).forEach((name, resource) -> {
            if (resource.get("Type").equals("AWS::IAM::Role")) {
                String trust =
                        properties(resource).get("AssumeRolePolicyDocument").toString();
                assertThat(trust).as(name).contains("aws:SourceAccount").doesNotContain("AWS=*");
            }
        });
    }

    @ParameterizedTest
    @MethodSource("ofJobs")
    void aFailureAndASuccessThatIsMissingRaiseAlarms(Path template) {
        Map<String, Object> missing = properties(resources(template).get("MissingSuccessAlarm"));
        assertThat(missing).containsEntry("TreatMissingData", "breaching").containsEntry("EvaluationPeriods", 1);
        // Of periods without a value CloudWatch looks back for more than it was told.
        assertThat(missing.get("Metrics").toString())
                .contains(
                        "Namespace=Millrace",
                        "MetricName=RunsSucceeded",
                        "Name=StateMachine",
                        "GetAtt=StateMachine.Name",
                        "Period={Ref=SuccessWithinSeconds}",
                        "Expression=FILL(succeeded, 0)");
        assertThat(actions(template, "StateMachineRole")).contains("cloudwatch:PutMetricData");
        assertThat(properties(resources(template).get("FailureAlarm")).toString())
                .contains("ExecutionsFailed", "ExecutionsTimedOut");
    }

    /** It begins no run, which nobody would finish. */
    @ParameterizedTest
    @MethodSource("ofJobs")
    void theSchemaIsRefreshedByItselfEachWeek(Path template) {
        Map<String, Map<String, Object>> resources = resources(template);
        Map<String, Object> weekly =
                resources.containsKey("SchemaTrigger") ? resources.get("SchemaTrigger") : resources.get("SchemaStarts");
        if (resources.containsKey("SchemaTrigger")) {
            assertThat(weekly.toString()).contains("Ref=SchemaJob");
            Map<String, Object> job = properties(resources.get("SchemaJob"));
            assertThat(job.get("DefaultArguments").toString())
                    .contains("--refresh-schema")
                    .doesNotContain("--phases");
            assertThat(job).containsEntry("MaxRetries", 2);
        } else {
            assertThat(weekly.toString())
                    .contains("--refresh-schema", "\"RetryPolicy\": {\"MaxAttempts\": 3}")
                    .doesNotContain("--phases");
        }
    }

    /** But what may be: the refresh of a data-schema. */
    @Test
    void glueStartsNoPhaseAgainByItself() {
        resources(GLUE).forEach((name, resource) -> {
            if (resource.get("Type").equals("AWS::Glue::Job")) {
                assertThat(properties(resource))
                        .as(name)
                        .containsEntry("MaxRetries", name.equals("SchemaJob") ? 2 : 0)
                        .containsKey("Timeout");
            }
        });
    }

    @ParameterizedTest
    @MethodSource("ofJobs")
    void theTasksThatShareARunsUnitsMayRunAtOnce(Path template) {
        Map<String, Map<String, Object>> resources = resources(template);
        Map<String, Object> bounded = properties(resources.getOrDefault("Application", resources.get("ExtractJob")));
        assertThat(bounded.toString()).contains("MaxConcurrentRuns={Ref=MaxConcurrentTasks}");
        assertThat(map(map(load(template).get("Parameters")).get("MaxConcurrentTasks")))
                .containsEntry("MinValue", 2)
                .containsEntry("MaxValue", 1000);
    }

    /** The others need no warehouse, and a job in a network reaches nothing that the network does not. */
    @Test
    void theJobThatLoadsAloneIsInTheNetworkOfAConnectionWhereOneIsNamed() {
        Map<String, Map<String, Object>> resources = resources(GLUE);
        resources.forEach((name, resource) -> {
            if (resource.get("Type").equals("AWS::Glue::Job")) {
                assertThat(properties(resource).containsKey("Connections"))
                        .as(name)
                        .isEqualTo(name.equals("LoadJob"));
            }
        });
        assertThat(properties(resources.get("LoadJob")).get("Connections").toString())
                .isEqualTo("{If=[JoinsNetwork, {Connections=[{Ref=Connection}]}, {Ref=AWS::NoValue}]}");
        Map<String, Object> policy = resources.get("JoinNetworkPolicy");
        assertThat(policy).containsEntry("Condition", "JoinsNetwork");
        assertThat(properties(policy).get("Roles").toString()).isEqualTo("[{Ref=LoadRole}]");
        assertThat(statements(GLUE))
                .filteredOn(statement -> statement.actions().contains("glue:GetConnection"))
                .singleElement()
                .satisfies(statement -> assertThat(statement.resources().toString())
                        .contains("connection/${Connection}")
                        .doesNotContain("/*"));
    }

    @Test
    void anApplicationStopsByItselfAndHasACeiling() {
        Map<String, Object> application = properties(resources(HOME.resolve("conf/cloudformation/emr-serverless.yaml"))
                .get("Application"));
        assertThat(application).containsKey("MaximumCapacity");
        assertThat(application.get("AutoStopConfiguration").toString()).contains("Enabled=true");
    }

    private static List<String> actions(Path template, String owner) {
        return statements(template).stream()
                .filter(statement -> statement.owner().equals(owner))
                .flatMap(statement -> statement.actions().stream())
                .toList();
    }

    private static List<String> resourcesOf(Path template, String owner) {
        return statements(template).stream()
                .filter(statement -> statement.owner().equals(owner))
                .flatMap(statement -> statement.resources().stream())
                .toList();
    }

    private static List<Statement> statements(Path template) {
        List<Statement> statements = new ArrayList<>();
        resources(template).forEach((name, resource) -> {
            Map<String, Object> properties = Optional.ofNullable(resource.get("Properties"))
                    .map(TemplatesTest::map)
                    .orElse(Map.of());
            // Of a policy that stands by itself the role that has it.
            String owner = properties.containsKey("Roles")
                    ? map(list(properties.get("Roles")).get(0)).get("Ref").toString()
                    : name;
            List<Object> documents = new ArrayList<>();
            Optional.ofNullable(properties.get("PolicyDocument")).ifPresent(documents::add);
            for (Object policy : list(properties.getOrDefault("Policies", List.of()))) {
                documents.add(map(policy).get("PolicyDocument"));
            }
            for (Object document : documents) {
                for (Object statement : list(map(document).get("Statement"))) {
                    Map<String, Object> parts = map(statement);
                    statements.add(new Statement(
                            owner,
                            list(parts.get("Action")).stream()
                                    .map(Object::toString)
                                    .toList(),
                            list(parts.get("Resource")).stream()
                                    .map(Object::toString)
                                    .toList()));
                }
            }
        });
        return statements;
    }

    private static Map<String, Map<String, Object>> resources(Path template) {
        Map<String, Map<String, Object>> resources = new LinkedHashMap<>();
        map(load(template).get("Resources")).forEach((name, resource) -> resources.put(name, map(resource)));
        return resources;
    }

    private static Map<String, Object> conditions(Path template) {
        return map(load(template).get("Conditions"));
    }

    private static Map<String, Object> load(Path template) {
        try {
            return map(new Yaml(new WithFunctions()).load(Files.readString(template)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Object> properties(Map<String, Object> resource) {
        return map(resource.get("Properties"));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    private static List<?> list(Object value) {
        return value instanceof List<?> list ? list : List.of(value);
    }
}
